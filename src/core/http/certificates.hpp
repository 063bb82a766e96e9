// The server's certificate chain and key, loaded again when their files change: a renewal needs no restart.
// Always holds: current() is a matching pair; files that cannot be loaded (half written) change nothing.
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
    /// Throws std::invalid_argument that names the setting whose file cannot be used.
    Certificates(std::string certificate_file, std::string key_file);

    /// For new connections; existing ones keep theirs. Safe from any thread.
    [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> current() const;
    /// Checks the files, at most once a second over all calls. Safe from any thread.
    void refresh();

  private:
    /// Changes whenever a file does: modification time, size, inode.
    using Stamp = std::array<std::int64_t, 8>;
    [[nodiscard]] Stamp stamp() const;
    [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> load() const;

    std::string certificate_file_;
    std::string key_file_;
    mutable std::mutex mutex_;
    Stamp seen_; // stored before the files are read, so that no change is missed
    std::shared_ptr<boost::asio::ssl::context> context_;
    std::chrono::steady_clock::time_point looked_at_;
};

} // namespace focus::http
