// The certificates of TLS to the server: what is checked of its own, and ours.
// Used on one executor only.
#pragma once

#include "core/db/url.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <utility>

namespace focus::db::mysql {

struct TlsSettings {
    SslVerify verify = SslVerify::nothing;
    std::string host; // the name in the server's certificate
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
};

class Tls {
  public:
    /// Throws std::invalid_argument, naming the parameter, for a file that can't be used.
    explicit Tls(const TlsSettings& settings);
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;
    ~Tls() = default;

    /// Null when nothing is checked and there is no certificate of ours.
    [[nodiscard]] boost::asio::ssl::context* context() noexcept { return context_.get(); }
    /// Why the last certificate was refused; empty when none was.
    [[nodiscard]] std::string take_refusal() { return std::exchange(refusal_, {}); }

  private:
    void check_server(const TlsSettings& settings);

    std::unique_ptr<boost::asio::ssl::context> context_;
    std::string refusal_;
};

} // namespace focus::db::mysql
