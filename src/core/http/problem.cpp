#include "core/http/problem.hpp"

#include "core/base/extended_error.hpp"
#include "core/json/json.hpp"

#include <string>
#include <variant>

namespace focus::http {
namespace {

void append_head(std::string& out, int status, std::string_view code, std::string_view detail, std::string_view request_id) {
    out += R"({"type":"about:blank","title":)";
    json::append(out, std::string{reason_phrase(status)});
    out += R"(,"status":)";
    out += std::to_string(status);
    out += R"(,"detail":)";
    json::append(out, std::string{detail});
    out += R"(,"code":)";
    json::append(out, std::string{code});
    out += R"(,"request_id":)";
    json::append(out, std::string{request_id});
}

void append_fault(std::string& out, const Fault& fault, Language language) {
    out += R"({"loc":[)";
    bool first = true;
    for (const auto& step : fault.loc) {
        if (!first) out += ',';
        first = false;
        if (const auto* index = std::get_if<std::int64_t>(&step))
            out += std::to_string(*index);
        else
            json::append(out, std::get<std::string>(step));
    }
    out += R"(],"msg":)";
    json::append(out, fault.message.render(language, fault.args));
    out += R"(,"type":)";
    json::append(out, std::string{fault.type});
    out += '}';
}

} // namespace

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
    case 100:
        return "Continue";
    case 101:
        return "Switching Protocols";
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 206:
        return "Partial Content";
    case 301:
        return "Moved Permanently";
    case 302:
        return "Found";
    case 303:
        return "See Other";
    case 304:
        return "Not Modified";
    case 307:
        return "Temporary Redirect";
    case 308:
        return "Permanent Redirect";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 421:
        return "Misdirected Request";
    case 422:
        return "Unprocessable Content";
    case 426:
        return "Upgrade Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    default:
        return {};
    }
}

Error body_too_large(std::size_t limit) {
    constexpr std::size_t k_kib = std::size_t{1} << 10;
    constexpr std::size_t k_mib = std::size_t{1} << 20;
    const auto text = limit % k_mib == 0   ? std::to_string(limit / k_mib) + " MiB"
                      : limit % k_kib == 0 ? std::to_string(limit / k_kib) + " KiB"
                                           : std::to_string(limit) + " B";
    return Error{k_body_too_large, {{"limit", text}}};
}

Response problem(const Refusal& refusal, Language language, std::string_view request_id) {
    Response response{.status = refusal.status, .content_type = k_problem_json, .error_code = refusal.code};
    append_head(response.body, refusal.status, refusal.code, refusal.detail.in(language), request_id);
    response.body += '}';
    return response;
}

Response problem(const Error& error, Language language, std::string_view request_id) {
    Response response{.status = status_of(error.kind()), .content_type = k_problem_json, .error_code = error.code()};
    append_head(response.body, response.status, error.code(), error.message(language), request_id);
    if (!error.faults().empty()) {
        response.body += R"(,"errors":[)";
        bool first = true;
        for (const auto& fault : error.faults()) {
            if (!first) response.body += ',';
            first = false;
            append_fault(response.body, fault, language);
        }
        response.body += ']';
    }
    if (const auto* extended = dynamic_cast<const ExtendedError*>(&error)) {
        response.body += ",\"" + std::string{extended->member()} + "\":";
        json::append(response.body, extended->value());
    }
    response.body += '}';
    if (error.retry_after_s()) response.headers.emplace_back("Retry-After", std::to_string(*error.retry_after_s()));
    if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

} // namespace focus::http
