// Messages to users about their limits: notifications and the mail, in both languages.
#pragma once

#include "core/mail/outbox.hpp"
#include "features/blocking/rules.hpp"
#include "features/notifications/types.hpp"
#include "features/users/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace focus::blocking {

/// Usage is close to the limit of an app.
[[nodiscard]] notifications::Draft warning_of(const Entry& entry, const rules::State& state);
/// An app was blocked, by its limit or a schedule; the local time of `zone` shows until when.
[[nodiscard]] notifications::Draft block_of(const Entry& entry, const rules::State& state, Reason reason, Zone zone);
/// A schedule has ended and nothing else blocks the app.
[[nodiscard]] notifications::Draft release_of(const Entry& entry, const rules::State& state);
/// The overall daily limit is nearly reached, or reached.
[[nodiscard]] notifications::Draft total_warning_of(std::int64_t used_ms, std::int64_t limit_ms, bool reached);
/// The rules have changed: devices read them again.
[[nodiscard]] notifications::Draft policy_update_of(std::int64_t version);

/// What an activity changed, for clients that show live counters.
struct LiveCounter {
    std::int64_t blocked_app_id = 0;
    std::string app_name;
    json::Minutes time_used_today;
    json::Minutes remaining_minutes;
    double usage_percentage = 0;
    bool is_blocked = false;
};
struct LiveUpdate {
    std::vector<std::int64_t> activity_ids;
    json::Date date; // today in the user's zone
    json::Minutes total_time_today;
    std::vector<LiveCounter> limits; // those that the activities count for
};
[[nodiscard]] notifications::Draft activity_update_of(const LiveUpdate& update);

/// The values of the mail; `app_name` is empty for the overall limit.
struct Usage {
    std::string app_name;
    std::int64_t used_ms = 0;
    std::int64_t limit_ms = 0;
};
struct LimitWarning {
    static constexpr mail::Kind k_kind{.name = "limit_warning", .is_optional = true};
    std::string app_name; // empty: the overall limit
    bool reached = false;
    std::int64_t percent = 0;
    std::int64_t bar = 0; // its length, 1 to 100
    std::string used;
    std::string limit;
    std::string remaining;
    std::string action_url;
    static LimitWarning sample(Language language);
};
[[nodiscard]] LimitWarning limit_mail(const Usage& usage, const std::string& frontend_url);

} // namespace focus::blocking
