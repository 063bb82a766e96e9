// The rules of sessions, tokens and passwords, without I/O.
#pragma once

#include "core/base/caller.hpp"
#include "core/base/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::auth::rules {

inline constexpr EpochMs k_verify_link_ms = 24 * k_hour_ms;
inline constexpr EpochMs k_reset_link_ms = k_hour_ms;
/// How long after a sign-in (or password entry) an account may be deleted, its identities changed, and so on.
inline constexpr EpochMs k_fresh_ms = 10 * k_minute_ms;
/// How long a password reset counts as a password entry.
inline constexpr EpochMs k_reset_counts_ms = 10 * k_minute_ms;
inline constexpr EpochMs k_exchange_ms = k_minute_ms;
/// How long after its first use a refresh token gives the same successor again, even if that one was used.
inline constexpr EpochMs k_refresh_grace_ms = 30 * k_second_ms;

/// All faults of a new password.
enum class PasswordFault { too_short, too_long, no_digit, no_upper, no_lower, has_nul, too_common };
/// `too_common`: one of common_passwords.txt in any case; these are guessed first.
[[nodiscard]] std::vector<PasswordFault> check_password(std::string_view password);

/// The meaning of a presented refresh token.
enum class RefreshVerdict {
    rotate,  // the current one: spend it
    repeat,  // presented before, by another tab or after a lost answer: the same successor again
    replace, // the last spent one; its successor is not of the present key: void, replaced by a new one
    reused,  // any other spent one: it was stolen; the session ends
    ended,   // the session has ended
};

struct RefreshFacts {
    std::int64_t token_id = 0;
    std::optional<EpochMs> spent_at_ms; // first use, by the clock of the instance that received it
    std::optional<EpochMs> spent_db_ms; // first use, by the database's clock
    EpochMs token_expires_at_ms = 0;
    std::optional<std::int64_t> current_token_id; // of its session
    std::optional<std::int64_t> previous_token_id;
    EpochMs session_created_at_ms = 0;
    EpochMs session_used_at_ms = 0; // by the fastest clock of the instances
    EpochMs session_expires_at_ms = 0;
    std::optional<EpochMs> session_revoked_at_ms;
    EpochMs db_now_ms = 0;

    /// The present time, but never before a time that another instance has recorded.
    [[nodiscard]] EpochMs now(EpochMs here) const { return std::max(here, session_used_at_ms); }
};
/// `successor_id` is the token that follows the presented one, if the session has it.
/// A token whose successor was never presented is always valid. An older one is valid during the grace period, by the
/// database's clock and by the instances' clocks: a slow instance does not extend it.
[[nodiscard]] RefreshVerdict judge_refresh(const RefreshFacts& facts, std::optional<std::int64_t> successor_id, EpochMs now);

/// Enough of an address for its owner to recognise it: "a…@example.org".
[[nodiscard]] std::string email_hint(std::string_view email);

/// For the list of sessions: "Firefox on Linux", "Focus app on Android", else the first word of the agent.
[[nodiscard]] std::string describe_device(std::string_view user_agent);

/// The client that requested a mail, for its text: device, address and time. Contains fixed words only, no text of
/// the request, because any client may have sent it.
[[nodiscard]] std::string describe_request(const Origin& origin, EpochMs at, Zone zone, Language language);

} // namespace focus::auth::rules
