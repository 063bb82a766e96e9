#include "core/net/http_client.hpp"

#include "core/async/workers.hpp"
#include "core/net/curl.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace focus::net {

namespace {

constexpr std::size_t k_max_header_bytes = 64 * 1024;

/// The received part of a transfer; curl's callbacks write into it.
struct Receiving {
    Response response;
    std::size_t max_body = 0;
    std::size_t header_bytes = 0;
    bool too_long = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
    auto& into = *static_cast<Receiving*>(user);
    if (into.response.body.size() + size > into.max_body) {
        into.too_long = true;
        return CURL_WRITEFUNC_ERROR;
    }
    into.response.body.append(data, size);
    return size;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
    auto& into = *static_cast<Receiving*>(user);
    into.header_bytes += size;
    if (into.header_bytes > k_max_header_bytes) {
        into.too_long = true;
        return CURL_WRITEFUNC_ERROR;
    }
    const std::string_view line{data, size};
    if (line.starts_with("HTTP/")) { // the answer after a redirect or a 100
        into.response.headers.clear();
        into.response.body.clear();
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
        std::string name{trimmed(line.substr(0, colon))};
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        into.response.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
    }
    return size;
}

CurlList header_list(const Headers& headers) {
    CurlList list{nullptr, &curl_slist_free_all};
    for (const auto& [name, value] : headers) {
        const std::string line = name + ": " + value;
        if (line.find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos)
            throw std::invalid_argument{"http: a header holds a line break"};
        append(list, line.c_str());
    }
    return list;
}

} // namespace

std::string_view Response::header(std::string_view name) const noexcept {
    const auto found = std::ranges::find(headers, name, [](const auto& header) { return std::string_view{header.first}; });
    return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

struct HttpClient::Impl {
    Options options;
    CurlPool pool;
    async::Workers workers;

    explicit Impl(Options chosen) : options{std::move(chosen)}, workers{{.threads = options.threads, .max_queue = options.max_queue}} {}

    void configure(CURL* curl, const Request& request, Receiving& receiving, char* error) const {
        const char* schemes = options.allow_plain_http ? "http,https" : "https";
        curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, schemes);
        curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, schemes);
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request.max_redirects > 0 ? 1L : 0L);
        curl_easy_setopt(curl, CURLOPT_MAXREDIRS, static_cast<long>(request.max_redirects));
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "focus/" FOCUS_VERSION);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiving);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, &receiving);
        if (options.any_name) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
        if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
        if (request.method == "POST") {
            curl_easy_setopt(curl, CURLOPT_POST, 1L);
            curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
        }
    }

    Response perform(const Request& request) {
        if (request.method != "GET" && request.method != "POST") throw std::invalid_argument{"http: only GET and POST"};
        const CurlList headers = header_list(request.headers);
        CurlHandle curl = pool.take();
        std::array<char, CURL_ERROR_SIZE> error{};
        Receiving receiving;
        receiving.max_body = request.max_response_bytes;
        configure(curl.get(), request, receiving, error.data());
        curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
        const CURLcode code = curl_easy_perform(curl.get());
        long status = 0;
        curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
        pool.give_back(std::move(curl));
        if (receiving.too_long) throw TransferError{"the answer is too long"};
        if (code != CURLE_OK) throw TransferError{error[0] != '\0' ? error.data() : curl_easy_strerror(code)};
        receiving.response.status = static_cast<int>(status);
        return std::move(receiving.response);
    }
};

HttpClient::HttpClient(Options options) : impl_{std::make_unique<Impl>(std::move(options))} {}
HttpClient::~HttpClient() = default;

boost::asio::awaitable<Response> HttpClient::fetch(Request request) {
    auto job = [impl = impl_.get(), asked = std::move(request)] { return impl->perform(asked); };
    auto transfer = impl_->workers.run(std::move(job));
    co_return co_await std::move(transfer);
}

} // namespace focus::net
