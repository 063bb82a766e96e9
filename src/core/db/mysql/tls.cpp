#include "core/db/mysql/tls.hpp"

#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/verify_context.hpp>

#include <stdexcept>

namespace focus::db::mysql {

namespace {

namespace ssl = boost::asio::ssl;

void check(const boost::system::error_code& error, std::string_view parameter, const std::string& file) {
    if (error) throw std::invalid_argument{"database URL: " + std::string{parameter} + ": " + file + " can't be used: " + error.message()};
}

} // namespace

Tls::Tls(const TlsSettings& settings) {
    if (settings.verify == SslVerify::nothing && settings.cert_file.empty()) return;
    context_ = std::make_unique<ssl::context>(ssl::context::tls_client);
    boost::system::error_code error;
    if (!settings.cert_file.empty()) {
        context_->use_certificate_chain_file(settings.cert_file, error);
        check(error, "ssl-cert", settings.cert_file);
        context_->use_private_key_file(settings.key_file, ssl::context::pem, error);
        check(error, "ssl-key", settings.key_file);
    }
    if (settings.verify != SslVerify::nothing) check_server(settings);
}

void Tls::check_server(const TlsSettings& settings) {
    boost::system::error_code error;
    if (settings.ca_file.empty())
        context_->set_default_verify_paths(error);
    else
        context_->load_verify_file(settings.ca_file, error);
    check(error, "ssl-ca", settings.ca_file);
    context_->set_verify_mode(ssl::verify_peer);
    const bool with_name = settings.verify == SslVerify::chain_and_name;
    context_->set_verify_callback([this, with_name, host = settings.host](bool trusted, ssl::verify_context& about) {
        if (!trusted) {
            refusal_ = X509_verify_cert_error_string(X509_STORE_CTX_get_error(about.native_handle()));
            return false;
        }
        if (!with_name || ssl::host_name_verification{host}(true, about)) return true;
        refusal_ = "it is not for " + host;
        return false;
    });
}

} // namespace focus::db::mysql
