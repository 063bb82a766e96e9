// bcrypt (`$2b$`, libxcrypt) on worker threads of its own, so that no I/O thread ever computes one.
// Always holds: at most `max_queue` computations wait in each lane; one more is refused at once (503 with Retry-After). Known
// networks are served first, so that guessing does not make them wait.
#pragma once

#include "core/async/workers.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace focus::metrics {
class Registry;
}

namespace focus::crypto {

class PasswordHasher {
  public:
    struct Options {
        int cost = 12; // development and tests may lower it to 4; production never below 12
        int threads = 1;
        std::size_t max_queue = 64;
    };
    PasswordHasher(Options options, metrics::Registry& metrics);
    ~PasswordHasher(); // finishes what runs; what waits gets `unavailable`

    using Lane = async::Workers::Lane;
    using Place = async::Workers::Place;
    /// Reserves a place for one computation, before anything is written for it. Throws `unavailable`.
    [[nodiscard]] Place reserve(Lane lane);

    /// The hash of a password, in a reserved place or at the end of the normal lane. Throws std::invalid_argument for more than 72
    /// bytes or a NUL, which bcrypt would ignore.
    boost::asio::awaitable<std::string> hash(std::string password, Place place = {});
    /// Whether the password fits the hash ($2a$, $2b$, $2y$). An empty or malformed hash is compared against a dummy
    /// and gives false after the same time: it does not reveal whether an account exists. As bcrypt always has, it
    /// uses the first 72 bytes only, so that hashes of longer passwords made elsewhere keep working.
    boost::asio::awaitable<bool> verify(std::string password, std::string hash, Place place = {});
    /// Whether the hash is of an older kind or cheaper than today's and should be renewed at the next login.
    [[nodiscard]] bool needs_rehash(std::string_view hash) const noexcept;
    /// Passwords that wait for a thread.
    [[nodiscard]] std::size_t waiting() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace focus::crypto
