// bcrypt (`$2b$`, libxcrypt) on worker threads of its own, so that no I/O thread ever computes one.
// Always holds: at most `max_queue` computations wait; one more is refused at once (503 with Retry-After).
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <string>

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
    ~PasswordHasher(); // finishes what runs, drops what waits

    /// The hash of a password (at most 72 bytes, no NUL).
    boost::asio::awaitable<std::string> hash(std::string password);
    /// Whether the password fits the hash ($2a$, $2b$, $2y$). An empty or malformed hash is compared against a dummy
    /// and gives false after the same time, so that nobody learns whether an account exists.
    boost::asio::awaitable<bool> verify(std::string password, std::string hash);
    /// Whether the hash was made with other parameters than today's and should be renewed at the next login.
    [[nodiscard]] bool needs_rehash(std::string_view hash) const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace focus::crypto
