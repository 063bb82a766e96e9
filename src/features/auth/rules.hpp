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
/// How long after a sign-in (or the password once more) an account may be deleted, its identities changed, and so on.
inline constexpr EpochMs k_fresh_ms = 10 * k_minute_ms;
/// How long a reset password counts as having entered it.
inline constexpr EpochMs k_reset_counts_ms = 10 * k_minute_ms;
inline constexpr EpochMs k_exchange_ms = k_minute_ms;
/// How long after its first presentation a refresh token gives the same successor again, although that one was used.
inline constexpr EpochMs k_refresh_grace_ms = 30 * k_second_ms;

/// What is wrong with a new password, all of it.
enum class PasswordFault { too_short, too_long, no_digit, no_upper, no_lower, has_nul, too_common };
/// `too_common`: one of common_passwords.txt in any case, which are the first that are guessed.
[[nodiscard]] std::vector<PasswordFault> check_password(std::string_view password);

/// What presenting a refresh token means.
enum class RefreshVerdict {
    rotate,  // the current one: spend it
    repeat,  // presented before, by another tab or because the answer was lost: the same successor again
    replace, // the one spent last, whose successor is none of today's key: it is void, a new one is made
    reused,  // any other spent one: it was stolen, the session ends
    ended,   // the session is over
};

struct RefreshFacts {
    std::int64_t token_id = 0;
    std::optional<EpochMs> spent_at_ms; // first presented: by the clock of the instance that was asked
    std::optional<EpochMs> spent_db_ms; // the same by the database's clock
    EpochMs token_expires_at_ms = 0;
    std::optional<std::int64_t> current_token_id; // of its session
    std::optional<std::int64_t> previous_token_id;
    EpochMs session_created_at_ms = 0;
    EpochMs session_used_at_ms = 0; // by the instance whose clock is fastest
    EpochMs session_expires_at_ms = 0;
    std::optional<EpochMs> session_revoked_at_ms;
    EpochMs db_now_ms = 0;

    /// Now, but never before what another instance has called now.
    [[nodiscard]] EpochMs now(EpochMs here) const { return std::max(here, session_used_at_ms); }
};
/// `successor_id` is the token that follows from the presented one, if the session has it.
/// A parent of a successor that was never presented is always good. An older one is good for the grace, by the database's
/// clock as well as by the instances': one that is slow does not prolong it.
[[nodiscard]] RefreshVerdict judge_refresh(const RefreshFacts& facts, std::optional<std::int64_t> successor_id, EpochMs now);

/// Enough of an address for its owner to know it: "a…@example.org".
[[nodiscard]] std::string email_hint(std::string_view email);

/// A few words for a session's list: "Firefox on Linux", "Focus app on Android", else the agent's first word.
[[nodiscard]] std::string describe_device(std::string_view user_agent);

/// Who asked for a mail, as its reader is told: device, address and time. Takes words of ours only, nothing of what the
/// request says: it may come from anybody.
[[nodiscard]] std::string describe_request(const Origin& origin, EpochMs at, Zone zone, Language language);

} // namespace focus::auth::rules
