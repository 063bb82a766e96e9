#include "core/jobs/schedule.hpp"

#include "core/base/days.hpp"

#include <gtest/gtest.h>

namespace focus::jobs {
namespace {

std::string next(const Schedule& schedule, std::string_view after) {
    return format_rfc3339(schedule.next_after(parse_rfc3339(after).value()));
}

TEST(Schedule, IntervalsStandOnAGrid) {
    const auto schedule = Schedule::every(std::chrono::minutes{5});
    EXPECT_EQ(next(schedule, "2026-03-01T10:01:00Z"), "2026-03-01T10:05:00.000Z");
    EXPECT_EQ(next(schedule, "2026-03-01T10:05:00Z"), "2026-03-01T10:10:00.000Z") << "strictly later";
}

TEST(Schedule, Cron) {
    struct Case {
        const char* expression;
        const char* after;
        const char* expected;
    };
    constexpr Case k_cases[] = {
        {"* * * * *", "2026-03-01T10:01:30Z", "2026-03-01T10:02:00.000Z"},
        {"30 3 * * *", "2026-03-01T03:29:59Z", "2026-03-01T03:30:00.000Z"},
        {"30 3 * * *", "2026-03-01T03:30:00Z", "2026-03-02T03:30:00.000Z"},
        {"*/20 9-10 * * *", "2026-03-01T10:40:00Z", "2026-03-02T09:00:00.000Z"},
        {"5/20 * * * *", "2026-03-01T10:25:00Z", "2026-03-01T10:45:00.000Z"},
        {"0,30 12 * * *", "2026-03-01T12:00:00Z", "2026-03-01T12:30:00.000Z"},
        {"0 0 1 * *", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00.000Z"},
        {"0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00.000Z"},
        {"0 8 * * 1", "2026-03-01T00:00:00Z", "2026-03-02T08:00:00.000Z"}, // a Monday
        {"0 8 * * 7", "2026-03-02T00:00:00Z", "2026-03-08T08:00:00.000Z"}, // 7 is Sunday as 0 is
        {"0 8 * * 0", "2026-03-02T00:00:00Z", "2026-03-08T08:00:00.000Z"},
        {"0 8 13 * 5", "2026-03-01T00:00:00Z", "2026-03-06T08:00:00.000Z"}, // a Friday or a 13th
        {"0 8 4 * 5", "2026-03-01T00:00:00Z", "2026-03-04T08:00:00.000Z"},
    };
    for (const auto& c : k_cases)
        EXPECT_EQ(next(Schedule::cron(c.expression), c.after), c.expected) << c.expression << " after " << c.after;
}

TEST(Schedule, RefusesWhatIsNotCron) {
    for (const auto* expression :
         {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *", "5-1 * * * *",
          "*/0 * * * *", "1, * * * *", "-1 * * * *", "1-2-3 * * * *", "0 0 31 2 *", "*  * * * *"}) {
        EXPECT_THROW((void)Schedule::cron(expression), std::invalid_argument) << expression;
    }
    EXPECT_THROW((void)Schedule::every(std::chrono::seconds{0}), std::invalid_argument);
}

} // namespace
} // namespace focus::jobs
