// ErrorCode and Error: what can fail, and the exception type that crosses modules. Neither depends on a protocol:
// core/http maps the kind to a status in one place.
// Always holds: a code is declared once, by the part that gives it. The constant is thrown (Error{k_full}), compared
// (error.is(k_full)) and listed in the routes that give it, so that the API's document cannot name another.
// `code` and `message` are public; `cause` goes to the log only and never to a client.
// Anything else that is thrown is a defect or an outage: a bare 500 (or 503) with a request id.
#pragma once

#include "core/base/text.hpp"

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace focus {

enum class ErrorKind {
    bad_request,      // 400: not allowed by a rule over state or time
    unauthorized,     // 401: not authenticated
    forbidden,        // 403: not allowed
    not_found,        // 404
    conflict,         // 409
    too_large,        // 413
    unsupported_type, // 415
    invalid,          // 422: the form of the input is wrong
    rate_limited,     // 429
    not_implemented,  // 501
    unavailable,      // 503: try again later
};

/// One fault of an input, as API clients see it: where, what, and a stable type for programs.
struct Fault {
    using Step = std::variant<std::string, std::int64_t>;
    std::vector<Step> loc; // {"body", "activities", 3, "duration_minutes"}
    Text message;
    std::string_view type; // "missing", "string_too_long", …; static storage
    TextArgs args{};
};

/// All texts have static storage.
struct ErrorCode {
    ErrorKind kind;
    std::string_view code; // stable, for programs
    Text message;
    std::string_view when = {}; // it is given, for the API's document

    /// The same code with what it means on one route.
    [[nodiscard]] constexpr ErrorCode described(std::string_view text) const { return {kind, code, message, text}; }
    /// The same code with a message that fits one of its causes better.
    [[nodiscard]] constexpr ErrorCode saying(Text text) const { return {kind, code, text, when}; }
};

inline constexpr ErrorCode k_bad_encoding{
    ErrorKind::bad_request,
    "bad_encoding",
    {"The address contains broken percent-encoding.", "L'adresse contient un encodage « % » incorrect."}};
inline constexpr ErrorCode k_not_authenticated{
    ErrorKind::unauthorized, "not_authenticated", {"Please sign in.", "Veuillez vous connecter."}};
inline constexpr ErrorCode k_email_not_verified{
    ErrorKind::forbidden,
    "email_not_verified",
    {"Please verify your e-mail address first.", "Veuillez d'abord vérifier votre adresse e-mail."}};
inline constexpr ErrorCode k_forbidden{
    ErrorKind::forbidden, "forbidden", {"You are not allowed to do this.", "Vous n'avez pas le droit de faire cela."}};
inline constexpr ErrorCode k_not_found{
    ErrorKind::not_found, "not_found", {"There is nothing here by this name.", "Il n'y a rien ici sous ce nom."}};
inline constexpr ErrorCode k_validation_error{
    ErrorKind::invalid, "validation_error", {"The request is not valid.", "La requête n'est pas valide."}};
inline constexpr ErrorCode k_rate_limited{ErrorKind::rate_limited,
                                          "rate_limited",
                                          {"Too many requests. Please wait a moment.", "Trop de requêtes. Veuillez patienter un instant."}};
inline constexpr ErrorCode k_unavailable{ErrorKind::unavailable,
                                         "unavailable",
                                         {"The service is busy or being restored. Please try again in a moment.",
                                          "Le service est occupé ou en cours de rétablissement. Veuillez réessayer dans un instant."}};

class Error : public std::exception {
  public:
    explicit Error(const ErrorCode& code, TextArgs args = {})
        : kind_{code.kind}, code_{code.code}, message_{code.message}, args_{std::move(args)}, what_{code.message.en} {}

    /// A private explanation for the log.
    [[nodiscard]] Error because(std::string cause) && {
        cause_ = std::move(cause);
        return std::move(*this);
    }
    /// Seconds after which a repeat may succeed; becomes `Retry-After`.
    [[nodiscard]] Error retry_after(int seconds) && {
        retry_after_s_ = seconds;
        return std::move(*this);
    }
    [[nodiscard]] Error with_faults(std::vector<Fault> faults) && {
        faults_ = std::move(faults);
        return std::move(*this);
    }

    [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
    [[nodiscard]] std::string_view code() const noexcept { return code_; }
    [[nodiscard]] bool is(const ErrorCode& code) const noexcept { return kind_ == code.kind && code_ == code.code; }
    [[nodiscard]] std::string message(Language language) const { return message_.render(language, args_); }
    [[nodiscard]] const std::string& cause() const noexcept { return cause_; }
    [[nodiscard]] std::optional<int> retry_after_s() const noexcept { return retry_after_s_; }
    [[nodiscard]] const std::vector<Fault>& faults() const noexcept { return faults_; }
    [[nodiscard]] const char* what() const noexcept override { return cause_.empty() ? what_.c_str() : cause_.c_str(); }

  private:
    ErrorKind kind_;
    std::string_view code_; // static storage
    Text message_;
    TextArgs args_;
    std::string what_; // the message with an end that what() can give
    std::string cause_;
    std::optional<int> retry_after_s_;
    std::vector<Fault> faults_;
};

/// 422 with the given faults.
[[nodiscard]] Error invalid_input(std::vector<Fault> faults);
/// 422 with a single fault.
[[nodiscard]] Error invalid_field(std::vector<Fault::Step> loc, std::string_view type, Text message, TextArgs args = {});
/// 404 `not_found`.
[[nodiscard]] Error not_found();
/// 503 `unavailable` with `Retry-After`; `cause` goes to the log.
[[nodiscard]] Error unavailable(std::string cause, int retry_after_s = 2);

} // namespace focus
