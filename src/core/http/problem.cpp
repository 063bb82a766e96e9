#include "core/http/problem.hpp"

#include "core/base/extended_error.hpp"
#include "core/json/json.hpp"

#include <string>
#include <variant>

namespace focus::http {
namespace {

constexpr Text k_internal{"Something went wrong on our side. Please try again later.",
                          "Une erreur est survenue de notre côté. Veuillez réessayer plus tard."};

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

namespace refusals {
const Refusal bad_request{400, "bad_request", {"The request is not valid HTTP.", "La requête n'est pas du HTTP valide."}};
const Refusal bad_encoding{
    400, "bad_encoding", {"The address contains broken percent-encoding.", "L'adresse contient un encodage « % » incorrect."}};
const Refusal not_authenticated{401, "not_authenticated", {"Please sign in.", "Veuillez vous connecter."}};
const Refusal invalid_token{401,
                            "invalid_token",
                            {"The access token is invalid or has expired. Please sign in again.",
                             "Le jeton d'accès est invalide ou a expiré. Veuillez vous reconnecter."}};
const Refusal email_not_verified{
    403, "email_not_verified", {"Please verify your e-mail address first.", "Veuillez d'abord vérifier votre adresse e-mail."}};
const Refusal forbidden{403, "forbidden", {"You are not allowed to do this.", "Vous n'avez pas le droit de faire cela."}};
const Refusal not_found{404, "not_found", {"There is nothing here.", "Il n'y a rien ici."}};
const Refusal method_not_allowed{
    405, "method_not_allowed", {"This address does not know this method.", "Cette adresse ne connaît pas cette méthode."}};
const Refusal request_timeout{
    408, "request_timeout", {"The request took too long to arrive.", "La requête a mis trop de temps à arriver."}};
const Refusal too_large{413, "body_too_large", {"The body is too large.", "Le corps de la requête est trop grand."}};
const Refusal expectation_failed{
    417, "expectation_failed", {"Only Expect: 100-continue is supported.", "Seul Expect: 100-continue est pris en charge."}};
const Refusal wrong_host{
    421, "wrong_host", {"This server does not answer for this host name.", "Ce serveur ne répond pas pour ce nom d'hôte."}};
const Refusal upgrade_required{
    426,
    "upgrade_required",
    {"This address speaks WebSocket (RFC 6455, version 13) only.", "Cette adresse ne parle que WebSocket (RFC 6455, version 13)."}};
const Refusal headers_too_large{
    431, "headers_too_large", {"The request headers are too large.", "Les en-têtes de la requête sont trop grands."}};
const Refusal unsupported_encoding{
    415, "unsupported_encoding", {"Bodies may be sent plain or with gzip.", "Le corps peut être envoyé tel quel ou compressé avec gzip."}};
const Refusal rate_limited{
    429, "rate_limited", {"Too many requests. Please wait a moment.", "Trop de requêtes. Veuillez patienter un instant."}};
const Refusal internal_error{500, "internal_error", k_internal};
const Refusal busy{503,
                   "unavailable",
                   {"The server has too many requests at the moment. Please try again.",
                    "Le serveur traite trop de requêtes en ce moment. Veuillez réessayer."}};
} // namespace refusals

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

int status_of(ErrorKind kind) noexcept {
    switch (kind) {
    case ErrorKind::bad_request:
        return 400;
    case ErrorKind::unauthorized:
        return 401;
    case ErrorKind::forbidden:
        return 403;
    case ErrorKind::not_found:
        return 404;
    case ErrorKind::conflict:
        return 409;
    case ErrorKind::too_large:
        return 413;
    case ErrorKind::unsupported_type:
        return 415;
    case ErrorKind::invalid:
        return 422;
    case ErrorKind::rate_limited:
        return 429;
    case ErrorKind::not_implemented:
        return 501;
    case ErrorKind::unavailable:
        return 503;
    }
    return 500;
}

Error body_too_large(std::size_t limit) {
    constexpr std::size_t k_kib = std::size_t{1} << 10;
    constexpr std::size_t k_mib = std::size_t{1} << 20;
    const auto text = limit % k_mib == 0   ? std::to_string(limit / k_mib) + " MiB"
                      : limit % k_kib == 0 ? std::to_string(limit / k_kib) + " KiB"
                                           : std::to_string(limit) + " B";
    return {ErrorKind::too_large,
            refusals::too_large.code,
            {"The body is larger than {limit}.", "Le corps de la requête dépasse {limit}."},
            {{"limit", text}}};
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
