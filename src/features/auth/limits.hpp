// Limits of password attempts and of requested mails, and the keys under which they are counted.
// Passwords: by account and network, so that an attacker slows down only its own network, and by account for all
// networks without an earlier sign-in to it, so that many networks don't help. Networks with one are exempt from
// the second limit: attackers can't lock the user out there, and passwords from there are compared first. Addresses without
// an account are counted in the same way.
#pragma once

#include "core/attempts/attempts.hpp"
#include "core/base/fold.hpp"
#include "core/http/forwarded.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace focus::auth::limits {

/// How long a network stays known after a sign-in from it.
inline constexpr EpochMs k_trusted_ms = 90 * k_day_ms;

/// At most 17 wrong passwords in the first hour, then 4 an hour.
inline constexpr attempts::Patience k_from_one_network{
    .free = 5, .first_wait_ms = k_second_ms, .longest_wait_ms = 15 * k_minute_ms, .memory_ms = k_day_ms};
/// At most 26 in the first hour, then 4 an hour.
inline constexpr attempts::Patience k_from_strangers{
    .free = 20, .first_wait_ms = k_minute_ms, .longest_wait_ms = 15 * k_minute_ms, .memory_ms = k_day_ms};
/// Five mails, then none for an hour.
inline constexpr attempts::Patience k_mails{.free = 5, .first_wait_ms = k_hour_ms, .longest_wait_ms = k_hour_ms, .memory_ms = k_hour_ms};

inline attempts::Limit login_from_network(std::string_view email, std::string_view ip) {
    return {"login " + fold_case(email) + ' ' + http::network_of(ip), k_from_one_network};
}
inline attempts::Limit login_from_strangers(std::string_view email) { return {"login " + fold_case(email), k_from_strangers}; }
/// Of a signed-in user's current password.
inline attempts::Limit current_password(std::int64_t user_id) { return {"password " + std::to_string(user_id), k_from_one_network}; }
/// Of mails that clients without an account can cause.
inline attempts::Limit mails_to(std::string_view email) { return {"mail " + fold_case(email), k_mails}; }

} // namespace focus::auth::limits
