// The automatic mails to users: about yesterday each morning, about the week on Mondays.
#pragma once

#include "core/mail/content.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace focus::reminders {

struct DailyReminder {
    struct App {
        std::string app_name;
        std::string time;
    };
    struct Limit {
        std::string app_name;
        std::string limit;
    };
    static constexpr mail::Kind k_kind{.name = "daily_reminder", .is_optional = true, .bulk = true};
    std::string total;
    std::string change;      // compared with the day before; empty: nothing to compare with
    std::string daily_limit; // empty: none
    std::vector<App> apps;   // those used most
    std::vector<Limit> limits;
    std::string action_url;
    static DailyReminder sample(Language language);
};

struct WeeklySummary {
    struct App {
        std::string app_name;
        std::string time;
        std::string change;
    };
    struct Challenge {
        std::string challenge_name;
        std::int64_t rank = 0;
        std::int64_t participants = 0;
    };
    static constexpr mail::Kind k_kind{.name = "weekly_summary", .is_optional = true, .bulk = true};
    std::string period;
    std::string total;
    std::string average; // per day
    std::string previous_total;
    std::string change;
    bool less = false;  // than the week before
    std::string streak; // days in a row within the limit; empty: none
    std::vector<App> apps;
    std::vector<Challenge> challenges;
    std::string action_url;
    static WeeklySummary sample(Language language);
};

} // namespace focus::reminders
