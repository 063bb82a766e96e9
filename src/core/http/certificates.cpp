#include "core/http/certificates.hpp"

#include "core/base/log.hpp"

#include <stdexcept>
#include <sys/stat.h>

namespace focus::http {
namespace {

namespace ssl = boost::asio::ssl;

// TLS 1.2 with forward secrecy and authenticated encryption only; TLS 1.3 has no other ciphers.
constexpr const char* k_tls12_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::chrono::seconds k_interval{1};

} // namespace

Certificates::Certificates(std::string certificate_file, std::string key_file)
    : certificate_file_{std::move(certificate_file)}, key_file_{std::move(key_file)}, seen_{stamp()}, context_{load()},
      looked_at_{std::chrono::steady_clock::now()} {}

std::shared_ptr<ssl::context> Certificates::current() const {
    const std::scoped_lock lock{mutex_};
    return context_;
}

Certificates::Stamp Certificates::stamp() const {
    Stamp stamp{};
    auto* at = stamp.begin();
    for (const auto* file : {&certificate_file_, &key_file_}) {
        struct stat info{};
        static_cast<void>(::stat(file->c_str(), &info)); // a missing file has the stamp zero
        for (const auto part : {static_cast<std::int64_t>(info.st_mtim.tv_sec), static_cast<std::int64_t>(info.st_mtim.tv_nsec),
                                static_cast<std::int64_t>(info.st_size), static_cast<std::int64_t>(info.st_ino)})
            *at++ = part;
    }
    return stamp;
}

std::shared_ptr<ssl::context> Certificates::load() const {
    auto tls = std::make_shared<ssl::context>(ssl::context::tls_server);
    tls->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 |
                     ssl::context::no_tlsv1_1 | ssl::context::no_compression | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_cipher_list(tls->native_handle(), k_tls12_ciphers);
    SSL_CTX_set_mode(tls->native_handle(), SSL_MODE_RELEASE_BUFFERS); // idle connections hold no buffers
    boost::system::error_code error;
    tls->use_certificate_chain_file(certificate_file_, error);
    if (error) throw std::invalid_argument{"TLS_CERT_FILE " + certificate_file_ + ": " + error.message()};
    tls->use_private_key_file(key_file_, ssl::context::pem, error); // also fails when it is another certificate's
    if (error) throw std::invalid_argument{"TLS_KEY_FILE " + key_file_ + ": " + error.message()};
    return tls;
}

void Certificates::refresh() {
    const std::scoped_lock lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_at_ < k_interval) return;
    looked_at_ = now;
    const auto found = stamp();
    if (found == seen_) return;
    seen_ = found;
    try {
        context_ = load();
        log::info("certificate loaded", {{"file", std::string_view{certificate_file_}}});
    } catch (const std::invalid_argument& error) {
        log::warning("the certificate stays as it was", {{"cause", error.what()}});
    }
}

} // namespace focus::http
