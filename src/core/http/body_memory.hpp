// BodyMemory: one budget for the request bodies in memory, over all connections of a server.
// Always holds: the sum of all shares is at most `most`, and no client or group of clients holds more than its part of
// it, so that one of them cannot keep the bodies of all others out. Safe from any thread.
#pragma once

#include "core/http/forwarded.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>

namespace focus::http {

class BodyMemory {
  public:
    /// What one body holds; gives it back when it ends.
    class Share {
      public:
        Share() = default;
        explicit Share(BodyMemory& memory) : memory_{&memory} {}
        Share(Share&& other) noexcept
            : memory_{other.memory_}, owners_{other.owners_}, owner_count_{other.owner_count_}, bytes_{std::exchange(other.bytes_, 0)} {}
        Share& operator=(Share&&) = delete;
        ~Share() { release(); }

        /// Whose body it is, before it holds anything: a user, or a client without an account by its address.
        void belongs_to_user(std::int64_t user_id);
        void belongs_to_network(const AddressBytes& address);

        /// Holds `bytes` from now on. False when there is no room for that many; then it holds what it held.
        [[nodiscard]] bool resize(std::size_t bytes);
        void release() noexcept;
        [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

      private:
        friend class BodyMemory;
        struct Owner {
            std::pair<std::int64_t, AddressBytes> key;
            std::size_t most = 0;
        };
        void add_owner(std::int64_t kind, const AddressBytes& address, std::size_t most);
        [[nodiscard]] std::span<const Owner> owners() const noexcept { return {owners_.data(), owner_count_}; }

        BodyMemory* memory_ = nullptr; // without one nothing is counted
        std::array<Owner, 3> owners_{};
        std::size_t owner_count_ = 0;
        std::size_t bytes_ = 0;
    };

    explicit BodyMemory(std::size_t most) noexcept : most_{most} {}

    /// Bytes that are held.
    [[nodiscard]] std::size_t used() const;

  private:
    bool grow(const Share& share, std::size_t bytes);
    void shrink(const Share& share, std::size_t by) noexcept;

    std::size_t most_;
    mutable std::mutex mutex_;
    std::size_t used_ = 0;
    std::map<std::pair<std::int64_t, AddressBytes>, std::size_t> held_; // by owner; those that hold something
};

/// Gives `text` room for `size` bytes, at least doubling it but not beyond `most`; with the `extra` bytes held beside it
/// the room is charged to `share` first. False when there is no memory for it.
[[nodiscard]] bool make_room(std::string& text, std::size_t size, std::size_t most, BodyMemory::Share& share, std::size_t extra = 0);

} // namespace focus::http
