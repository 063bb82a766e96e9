#include "features/reminders/mails.hpp"

namespace focus::reminders {

DailyReminder DailyReminder::sample(Language /*language*/) {
    return {.total = "3 h 42 min",
            .change = "−12 %",
            .daily_limit = "3 h",
            .apps = {{"Instagram", "1 h 20 min"}, {"Tom & Jerry", "58 min"}, {"YouTube", "41 min"}},
            .limits = {{"Instagram", "1 h"}, {"YouTube", "30 min"}},
            .action_url = "https://focus.example.org/dashboard"};
}

WeeklySummary WeeklySummary::sample(Language language) {
    const bool fr = language == Language::fr;
    return {.period = fr ? "16 au 22 novembre" : "16 to 22 November",
            .total = "19 h 5 min",
            .average = "2 h 44 min",
            .previous_total = "23 h 10 min",
            .change = "−18 %",
            .less = true,
            .streak = "9",
            .apps = {{"Instagram", "6 h 30 min", "−25 %"}, {"Tom & Jerry", "4 h 2 min", "+3 %"}, {"Podcasts", "1 h 15 min", ""}},
            .challenges = {{fr ? "Novembre sans défilement" : "No-scroll November", 2, 14}},
            .action_url = "https://focus.example.org/trends?end=2026-03-08"};
}

} // namespace focus::reminders
