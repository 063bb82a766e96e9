// Call: the request as handlers see it. Lives until the answer is sent, so views into it may cross a co_await.
#pragma once

#include "core/base/caller.hpp"
#include "core/http/message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::http {

struct Field {
    std::string_view name;
    std::string_view value;
};

/// Parameters of the path or the query by name, percent-decoded, in the order in which they came.
using Params = std::vector<std::pair<std::string, std::string>>;

class Call {
  public:
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    [[nodiscard]] std::string_view header(std::string_view name) const;        // empty when absent; case-insensitive name
    [[nodiscard]] const std::vector<Field>& fields() const { return fields_; } // as sent, with repeated ones
    [[nodiscard]] std::string_view target() const { return target_; }          // as sent
    [[nodiscard]] std::string_view body() const { return body_; }              // without its content coding
    [[nodiscard]] const Origin& origin() const { return origin_; }
    [[nodiscard]] Language language() const;                 // of the caller, else by Accept-Language
    [[nodiscard]] EpochMs now_ms() const { return now_ms_; } // when the request arrived
    [[nodiscard]] const std::optional<Caller>& caller() const { return caller_; }
    [[nodiscard]] const Caller& user() const { return caller_.value(); } // of a route that requires one
    [[nodiscard]] bool is_secure() const { return is_secure_; }          // came over TLS, here or at a trusted proxy
    /// The parameters of the path, in the order of the pattern.
    [[nodiscard]] const Params& path_params() const { return path_params_; }
    /// The query behind '?', as sent.
    [[nodiscard]] std::string_view query() const { return query_; }

    /// Counts the request against its rate limit as `more` further ones (at most as many as the limit allows at all),
    /// for handlers that know the amount of work only then. Throws the error that is answered with 429.
    virtual Task<void> charge(int more) = 0;

  protected:
    Call() = default;
    ~Call() = default;

    std::vector<Field> fields_;
    std::string_view target_;
    std::string_view query_;
    std::string body_;
    Origin origin_;
    std::optional<Caller> caller_;
    Params path_params_;
    EpochMs now_ms_ = 0;
    bool is_secure_ = false;
};

} // namespace focus::http
