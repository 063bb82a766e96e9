// The server's certificate chain and key, loaded again when their files change: a renewal needs no restart.
// Always holds: current() is a pair that fits; files that don't load (half written, say) change nothing.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace focus::http {

class Certificates {
  public:
    /// Throws std::invalid_argument that names the setting whose file can't be used.
    Certificates(std::string certificate_file, std::string key_file);

    /// For new connections; those that exist keep theirs. Safe from any thread.
    [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> current() const;
    /// Looks at the files, at most once a second whoever calls. Safe from any thread.
    void refresh();

  private:
    /// What changes when a file does: when it was written, its size, which file it is.
    using Stamp = std::array<std::int64_t, 8>;
    [[nodiscard]] Stamp stamp() const;
    [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> load() const;

    std::string certificate_file_;
    std::string key_file_;
    mutable std::mutex mutex_;
    Stamp seen_; // before the files are read, so that no change is missed
    std::shared_ptr<boost::asio::ssl::context> context_;
    std::chrono::steady_clock::time_point looked_at_;
};

} // namespace focus::http
