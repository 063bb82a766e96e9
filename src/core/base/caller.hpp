// The user and the client of a request. Services take them where a rule or the audit trail depends on them.
#pragma once

#include "core/base/days.hpp"
#include "core/base/text.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace focus {

enum class Role { user, admin };

[[nodiscard]] constexpr std::string_view to_string(Role role) noexcept { return role == Role::admin ? "admin" : "user"; }
/// The role of a stored name; an unknown one has no rights.
[[nodiscard]] constexpr Role role_of(std::string_view name) noexcept { return name == "admin" ? Role::admin : Role::user; }

/// The signed-in user of a request, as read by the authentication.
struct Caller {
    std::int64_t user_id = 0;
    std::int64_t session_id = 0;
    Role role = Role::user;
    bool is_verified = false;
    Language language = Language::en;
    Zone zone;
    EpochMs token_expires_at_ms = 0;
};

/// The Idempotency-Key of a request, passed to the transaction that does what the request asks for.
struct RequestKey {
    std::int64_t user_id = 0;
    std::string route;
    std::string key;
    std::string fingerprint;       // of the request's target and body
    std::atomic<bool> kept{false}; // the answer was committed with its effect
};

/// Where a request came from; stored beside sessions and audit entries.
struct Origin {
    std::string ip;         // textual address of the client, after TRUSTED_PROXIES
    std::string user_agent; // cut to 255 characters
    std::string request_id;
    std::string endpoint;                              // "POST /api/activities"
    std::shared_ptr<RequestKey> request_key = nullptr; // empty: sent without one (core/idempotency)
};

} // namespace focus
