// HTTP requests to other servers (OpenID providers), by libcurl on bounded worker threads.
// Always holds: certificates and host names are verified; size, time and redirects are limited; only the schemes that
// the options allow are used. Destroyed before the io_contexts of its callers.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string url;
    std::string method = "GET"; // or POST
    Headers headers;
    std::string body; // with POST
    std::size_t max_response_bytes = 1024 * 1024;
    int max_redirects = 0; // 0: a redirect is the answer itself; else one more is an error
    std::chrono::milliseconds timeout{10'000};
};

struct Response {
    int status = 0;
    Headers headers; // of the last answer, names in lower case
    std::string body;

    /// The first header of this (lower-case) name, or "".
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

/// There was no answer, or none within the limits. The message has the reason.
class TransferError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class HttpClient {
  public:
    struct Options {
        int threads = 2;
        std::size_t max_queue = 32;
        bool allow_plain_http = false; // development only
        std::string ca_file;           // empty: the system's
        bool any_name = false;         // a certificate that ca_file verifies is accepted for every host name
    };
    explicit HttpClient(Options options);
    ~HttpClient();

    /// Throws TransferError, or focus::Error `unavailable` when the queue is full.
    boost::asio::awaitable<Response> fetch(Request request);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace focus::net
