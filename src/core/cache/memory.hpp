// Memory: entries in this process, bounded in bytes; the least recently used are evicted first.
// Always holds: an entry never replaces one of a later version; an expired entry is not given out.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace focus::cache {

/// What is cached: a text, or (null) that there is nothing.
using Text = std::shared_ptr<const std::string>;

struct Entry {
    std::int64_t version = 0;
    Text text;
};

class Memory {
  public:
    using Instant = std::chrono::steady_clock::time_point;
    explicit Memory(std::size_t most_bytes) : most_bytes_{most_bytes / k_shards} {}

    [[nodiscard]] std::optional<Entry> get(const std::string& key, Instant now);
    void set(const std::string& key, Entry entry, Instant until);
    bool remove(const std::string& key);
    /// Those that match a pattern with * and ?.
    std::size_t remove_matching(std::string_view pattern);
    void clear();

    [[nodiscard]] std::size_t bytes() const;
    [[nodiscard]] std::size_t size() const;

  private:
    static constexpr std::size_t k_shards = 16;
    struct Item {
        std::string key;
        Entry entry;
        Instant until;
    };
    using Items = std::list<Item>; // the most recently used first
    struct Shard {
        mutable std::mutex mutex;
        Items items;
        std::unordered_map<std::string_view, Items::iterator> by_key; // the keys are stored in the items
        std::size_t bytes = 0;

        void drop(Items::iterator item);
    };
    Shard& shard_of(const std::string& key) { return shards_[std::hash<std::string>{}(key) % k_shards]; }

    std::size_t most_bytes_; // of a shard
    std::array<Shard, k_shards> shards_;
};

/// Whether a text fits a pattern: * stands for any characters, ? for one, everything else for itself.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text) noexcept;

} // namespace focus::cache
