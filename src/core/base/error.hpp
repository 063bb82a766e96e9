// The one error type that crosses rooms. It knows no protocol: core/http maps the kind to a status in one place.
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
    bad_request,      // 400: a rule over state or time says no
    unauthorized,     // 401: who are you?
    forbidden,        // 403: not allowed
    not_found,        // 404
    conflict,         // 409
    too_large,        // 413
    unsupported_type, // 415
    invalid,          // 422: the shape of the input is wrong
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

class Error : public std::exception {
  public:
    Error(ErrorKind kind, std::string_view code, Text message, TextArgs args = {})
        : kind_{kind}, code_{code}, message_{message}, args_{std::move(args)}, what_{message.en} {}

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
