// The rules of sessions, tokens and passwords, without I/O.
#pragma once

#include "core/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::auth::rules {

inline constexpr EpochMs k_verify_link_ms = 24 * k_hour_ms;
inline constexpr EpochMs k_reset_link_ms = k_hour_ms;
inline constexpr EpochMs k_exchange_ms = k_minute_ms;
/// How long the refresh token spent last may be presented again (its answer may have been lost on the way).
inline constexpr EpochMs k_refresh_grace_ms = 30 * k_second_ms;

/// What is wrong with a new password, all of it.
enum class PasswordFault { too_short, too_long, no_digit, no_upper, no_lower, has_nul };
[[nodiscard]] std::vector<PasswordFault> check_password(std::string_view password);

/// What presenting a refresh token means.
enum class RefreshVerdict {
    rotate,            // the current one: spend it
    replace_successor, // the one spent last, its answer was lost: its successor is void, a new one is made
    reused,            // any other spent one: somebody has stolen it, the session ends
    ended,             // the session is over
};

struct RefreshFacts {
    std::int64_t token_id = 0;
    std::optional<EpochMs> spent_at_ms; // of the token presented
    EpochMs token_expires_at_ms = 0;
    std::optional<std::int64_t> current_token_id; // of its session
    std::optional<std::int64_t> previous_token_id;
    EpochMs session_expires_at_ms = 0;
    bool session_revoked = false;
};
[[nodiscard]] RefreshVerdict judge_refresh(const RefreshFacts& facts, EpochMs now);

/// A few words for a session's list: "Firefox on Linux", "Focus app on Android", else the agent's first word.
[[nodiscard]] std::string describe_device(std::string_view user_agent);

} // namespace focus::auth::rules
