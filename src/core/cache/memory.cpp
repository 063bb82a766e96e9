#include "core/cache/memory.hpp"

namespace focus::cache {

namespace {

constexpr std::size_t k_overhead = 200; // of an entry: nodes, counters, the two strings

std::size_t bytes_of(std::string_view key, const Entry& entry) { return k_overhead + key.size() + (entry.text ? entry.text->size() : 0); }

} // namespace

void Memory::Shard::drop(Items::iterator item) {
    bytes -= bytes_of(item->key, item->entry);
    by_key.erase(item->key);
    items.erase(item);
}

std::optional<Entry> Memory::get(const std::string& key, Instant now) {
    auto& shard = shard_of(key);
    const std::scoped_lock lock{shard.mutex};
    const auto found = shard.by_key.find(key);
    if (found == shard.by_key.end()) return std::nullopt;
    const auto item = found->second;
    if (item->until <= now) {
        shard.drop(item);
        return std::nullopt;
    }
    shard.items.splice(shard.items.begin(), shard.items, item);
    return item->entry;
}

void Memory::set(const std::string& key, Entry entry, Instant until) {
    const auto size = bytes_of(key, entry);
    if (size > most_bytes_) return;
    auto& shard = shard_of(key);
    const std::scoped_lock lock{shard.mutex};
    if (const auto found = shard.by_key.find(key); found != shard.by_key.end()) {
        if (found->second->entry.version > entry.version) return; // from a slow reader
        shard.drop(found->second);
    }
    while (shard.bytes + size > most_bytes_) shard.drop(std::prev(shard.items.end()));
    shard.items.push_front({key, std::move(entry), until});
    shard.by_key.emplace(shard.items.front().key, shard.items.begin());
    shard.bytes += size;
}

bool Memory::remove(const std::string& key) {
    auto& shard = shard_of(key);
    const std::scoped_lock lock{shard.mutex};
    const auto found = shard.by_key.find(key);
    if (found == shard.by_key.end()) return false;
    shard.drop(found->second);
    return true;
}

std::size_t Memory::remove_matching(std::string_view pattern) {
    std::size_t removed = 0;
    for (auto& shard : shards_) {
        const std::scoped_lock lock{shard.mutex};
        for (auto at = shard.items.begin(); at != shard.items.end();) {
            const auto item = at++;
            if (!matches(pattern, item->key)) continue;
            shard.drop(item);
            ++removed;
        }
    }
    return removed;
}

void Memory::clear() {
    for (auto& shard : shards_) {
        const std::scoped_lock lock{shard.mutex};
        shard.by_key.clear();
        shard.items.clear();
        shard.bytes = 0;
    }
}

std::size_t Memory::bytes() const {
    std::size_t sum = 0;
    for (const auto& shard : shards_) {
        const std::scoped_lock lock{shard.mutex};
        sum += shard.bytes;
    }
    return sum;
}

std::size_t Memory::size() const {
    std::size_t sum = 0;
    for (const auto& shard : shards_) {
        const std::scoped_lock lock{shard.mutex};
        sum += shard.items.size();
    }
    return sum;
}

bool matches(std::string_view pattern, std::string_view text) noexcept {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos; // the last * met, and where its part of the text ends
    std::size_t star_end = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_end = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++star_end;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

} // namespace focus::cache
