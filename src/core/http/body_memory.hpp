// BodyMemory: one budget for the request bodies in memory, over all connections of a server.
// Always holds: the sum of all shares is at most `most`, and each client or group of clients stays within its part, so
// that one client cannot exclude the bodies of all others. Safe from any thread.
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
    /// The memory of one body; released when the share ends.
    class Share {
      public:
        Share() = default;
        explicit Share(BodyMemory& memory) : memory_{&memory} {}
        Share(Share&& other) noexcept
            : memory_{other.memory_}, owners_{other.owners_}, owner_count_{other.owner_count_}, bytes_{std::exchange(other.bytes_, 0)} {}
        Share& operator=(Share&&) = delete;
        ~Share() { release(); }

        /// Sets the owner, before any bytes: a user, or a client without an account by its address.
        void belongs_to_user(std::int64_t user_id);
        void belongs_to_network(const AddressBytes& address);

        /// Sets the share to `bytes`. False when the budget does not allow it; then the share is unchanged.
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

    /// Bytes that all shares hold.
    [[nodiscard]] std::size_t used() const;

  private:
    bool grow(const Share& share, std::size_t bytes);
    void shrink(const Share& share, std::size_t by) noexcept;

    std::size_t most_;
    mutable std::mutex mutex_;
    std::size_t used_ = 0;
    std::map<std::pair<std::int64_t, AddressBytes>, std::size_t> held_; // by owner; only those with bytes
};

/// Gives `text` capacity for `size` bytes, at least doubling it but not beyond `most`. It is charged to `share` first,
/// with the `extra` bytes that are held beside it. False when the budget does not allow it.
[[nodiscard]] bool make_room(std::string& text, std::size_t size, std::size_t most, BodyMemory::Share& share, std::size_t extra = 0);

} // namespace focus::http
