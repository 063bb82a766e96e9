// Every error as the client sees it: application/problem+json (RFC 9457) in the client's language. The only place where
// error kinds become statuses.
#pragma once

#include "core/base/error.hpp"
#include "core/http/message.hpp"

#include <string>
#include <string_view>

namespace focus::http {

/// The reason phrase of a status (RFC 9110 §15); empty when it has none.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

[[nodiscard]] constexpr int status_of(ErrorKind kind) noexcept {
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

/// A protocol error. It may have statuses that no error kind has; a code that modules use too is
/// declared once, as an ErrorCode.
struct Refusal {
    int status;
    std::string_view code;
    Text detail;

    constexpr Refusal(int with_status, std::string_view with_code, Text text) : status{with_status}, code{with_code}, detail{text} {}
    constexpr explicit Refusal(const ErrorCode& error) : Refusal{status_of(error.kind), error.code, error.message} {}
};

inline constexpr ErrorCode k_body_too_large{
    ErrorKind::too_large, "body_too_large", {"The body is larger than {limit}.", "Le corps de la requête dépasse {limit}."}};

namespace refusals {
inline constexpr Refusal bad_request{400, "bad_request", {"The request is not valid HTTP.", "La requête n'est pas du HTTP valide."}};
inline constexpr Refusal bad_encoding{k_bad_encoding}; // of the path
inline constexpr Refusal bad_gzip{k_bad_encoding.saying({"The body is not valid gzip.", "Le corps n'est pas du gzip valide."})};
inline constexpr Refusal bad_handshake{
    400, "bad_handshake", {"The WebSocket handshake is not valid.", "La négociation WebSocket n'est pas valide."}};
inline constexpr Refusal not_authenticated{k_not_authenticated}; // without a token
inline constexpr Refusal invalid_token{401,                      // with one
                                       "invalid_token",
                                       {"The access token is invalid or has expired. Please sign in again.",
                                        "Le jeton d'accès est invalide ou a expiré. Veuillez vous reconnecter."}};
inline constexpr Refusal email_not_verified{k_email_not_verified};
inline constexpr Refusal forbidden{k_forbidden};
inline constexpr Refusal not_found{k_not_found.saying({"There is nothing here.", "Il n'y a rien ici."})};
inline constexpr Refusal method_not_allowed{
    405, "method_not_allowed", {"This address does not know this method.", "Cette adresse ne connaît pas cette méthode."}};
inline constexpr Refusal request_timeout{
    408, "request_timeout", {"The request took too long to arrive.", "La requête a mis trop de temps à arriver."}};
inline constexpr Refusal too_large{k_body_too_large}; // answered as body_too_large()
inline constexpr Refusal unsupported_encoding{
    415, "unsupported_encoding", {"Bodies may be sent plain or with gzip.", "Le corps peut être envoyé tel quel ou compressé avec gzip."}};
inline constexpr Refusal expectation_failed{
    417, "expectation_failed", {"Only Expect: 100-continue is supported.", "Seul Expect: 100-continue est pris en charge."}};
inline constexpr Refusal wrong_host{
    421, "wrong_host", {"This server does not answer for this host name.", "Ce serveur ne répond pas pour ce nom d'hôte."}};
inline constexpr Refusal invalid_idempotency_key{
    422,
    "invalid_idempotency_key",
    {"Idempotency-Key must be 1 to 255 visible ASCII characters.", "Idempotency-Key doit comporter de 1 à 255 caractères ASCII visibles."}};
inline constexpr Refusal idempotency_key_reused{
    422,
    "idempotency_key_reused",
    {"This Idempotency-Key was already used for another request.", "Cet Idempotency-Key a déjà servi pour une autre requête."}};
inline constexpr Refusal upgrade_required{
    426,
    "upgrade_required",
    {"This address speaks WebSocket (RFC 6455, version 13) only.", "Cette adresse ne parle que WebSocket (RFC 6455, version 13)."}};
inline constexpr Refusal rate_limited{k_rate_limited};
inline constexpr Refusal headers_too_large{
    431, "headers_too_large", {"The request headers are too large.", "Les en-têtes de la requête sont trop grands."}};
inline constexpr Refusal internal_error{
    500,
    "internal_error",
    {"Something went wrong on our side. Please try again later.", "Une erreur est survenue de notre côté. Veuillez réessayer plus tard."}};
inline constexpr Refusal busy{// no memory for the body
                              k_unavailable.saying({"The server has too many requests at the moment. Please try again.",
                                                    "Le serveur traite trop de requêtes en ce moment. Veuillez réessayer."})};
inline constexpr Refusal starting{k_unavailable.saying(
    {"The service is starting. Please try again in a moment.", "Le service démarre. Veuillez réessayer dans un instant."})};
} // namespace refusals

/// 413 with the limit.
[[nodiscard]] Error body_too_large(std::size_t limit);

[[nodiscard]] Response problem(const Refusal& refusal, Language language, std::string_view request_id);
/// Includes `Retry-After` and the validation faults; never the cause.
[[nodiscard]] Response problem(const Error& error, Language language, std::string_view request_id);

} // namespace focus::http
