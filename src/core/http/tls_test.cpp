// The server with TLS, with a certificate made by the test.
#include "core/http/server.hpp"

#include "core/metrics/metrics.hpp"
#include "support/cpp/start.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <filesystem>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <thread>
#include <unistd.h>

namespace focus::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct Word {
    std::string word;
};

/// A folder with cert.pem and key.pem (P-256, self-signed, valid for an hour).
class Certificate {
  public:
    Certificate() : folder_{std::filesystem::temp_directory_path() / ("focus-tls-" + std::to_string(::getpid()))} {
        std::filesystem::create_directories(folder_);
        auto* key = EVP_EC_gen("P-256");
        auto* certificate = X509_new();
        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_set_pubkey(certificate, key);
        X509_sign(certificate, key, EVP_sha256());
        write(key_file(), [key](FILE* file) { PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr); });
        write(certificate_file(), [certificate](FILE* file) { PEM_write_X509(file, certificate); });
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
    ~Certificate() { std::filesystem::remove_all(folder_); }
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;

    [[nodiscard]] std::string certificate_file() const { return folder_ / "cert.pem"; }
    [[nodiscard]] std::string key_file() const { return folder_ / "key.pem"; }

  private:
    template <class F>
    static void write(const std::string& path, F print) {
        auto* file = std::fopen(path.c_str(), "w");
        print(file);
        std::fclose(file);
    }
    std::filesystem::path folder_;
};

class TlsTest : public ::testing::Test {
  protected:
    void SetUp() override {
        const Meta open{.id = "x", .summary = "x", .access = Access::nobody};
        routes_.get("/secure", open, [](Call& call) -> Task<Reply<Word>> { co_return Word{call.is_secure() ? "yes" : "no"}; });
        routes_.get("/huge", open, [](Call&) -> Task<Reply<Raw>> { co_return Raw{"text/plain", std::string(3'000'000, 'x')}; });
        server_.emplace(options(), routes_, Hooks{}, clock_, registry_);
        server_->start({&context_});
        thread_ = std::thread{[this] { context_.run(); }};
    }
    void TearDown() override {
        focus::testing::start(context_, server_->shutdown()).get();
        thread_.join();
    }
    Options options() const {
        Options options;
        options.port = 0;
        options.tls_cert_file = certificate_.certificate_file();
        options.tls_key_file = certificate_.key_file();
        return options;
    }

    /// A handshake with at most `version`, then the answers to `requests` sent at once, until the server closes.
    std::string ask(const std::string& requests, int version = TLS1_3_VERSION) {
        asio::io_context context;
        asio::ssl::context tls{asio::ssl::context::tls_client};
        SSL_CTX_set_max_proto_version(tls.native_handle(), version);
        asio::ssl::stream<tcp::socket> stream{context, tls};
        stream.lowest_layer().connect({asio::ip::address_v4::loopback(), server_->bound_port()});
        stream.handshake(asio::ssl::stream_base::client);
        asio::write(stream, asio::buffer(requests));
        std::string all;
        boost::system::error_code error;
        asio::read(stream, asio::dynamic_buffer(all), error);
        EXPECT_EQ(error, asio::error::eof) << error.message(); // a proper close_notify, no truncation
        return all;
    }

    Certificate certificate_;
    asio::io_context context_{1};
    Clock clock_;
    metrics::Registry registry_;
    Routes routes_;
    std::optional<Server> server_;
    std::thread thread_;
};

TEST_F(TlsTest, AnswersOverBothVersions) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto answers =
            ask("GET /secure HTTP/1.1\r\nHost: x\r\n\r\nGET /secure HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", version);
        const auto first = answers.find(R"({"word":"yes"})");
        ASSERT_NE(first, std::string::npos);
        EXPECT_NE(answers.find(R"({"word":"yes"})", first + 1), std::string::npos);
        EXPECT_TRUE(answers.contains("Strict-Transport-Security: max-age="));
    }
}

TEST_F(TlsTest, SendsLargeBodiesWhole) { EXPECT_GT(ask("GET /huge HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").size(), 3'000'000U); }

TEST_F(TlsTest, RefusesOldVersions) { EXPECT_THROW(ask("", TLS1_1_VERSION), boost::system::system_error); }

TEST_F(TlsTest, RefusesPlainHttp) {
    asio::io_context context;
    tcp::socket socket{context};
    socket.connect({asio::ip::address_v4::loopback(), server_->bound_port()});
    asio::write(socket, asio::buffer("GET /secure HTTP/1.1\r\nHost: x\r\n\r\n", 34));
    std::string answer;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(answer), error);
    EXPECT_TRUE(error);
    EXPECT_FALSE(answer.contains("HTTP/1.1"));
}

TEST(Tls, SaysWhichFileIsWrong) {
    Options options;
    options.tls_cert_file = "/nowhere/cert.pem";
    options.tls_key_file = "/nowhere/key.pem";
    const Routes routes;
    const Clock clock;
    metrics::Registry registry;
    try {
        const Server server{options, routes, Hooks{}, clock, registry};
        FAIL();
    } catch (const std::invalid_argument& error) {
        EXPECT_TRUE(std::string_view{error.what()}.contains("/nowhere/cert.pem"));
    }
}

} // namespace
} // namespace focus::http
