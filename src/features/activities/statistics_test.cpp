// Every statistic against a recomputation from the rows that uses no roll-ups: 90 days with changes of the clock,
// with updates and deletions, and for one user with a move to another zone.
#include "core/base/fold.hpp"
#include "support/cpp/activities.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <format>
#include <map>
#include <random>
#include <set>

namespace focus::activities {
namespace {

struct Journey {
    std::string name;
    std::string zone;
    std::string first_day;
    std::string later_zone; // from day 45 on; empty: no move
};

/// The test's own copy of an activity.
struct Remembered {
    std::string app;
    std::string package;
    std::string category;
    std::int64_t ms = 0;
    std::string day;
    std::optional<EpochMs> start;
    std::optional<EpochMs> end;
    std::string zone;
};

double round2(double value) { return std::round(value * 100) / 100; }

/// The local day and hour by the standard library's zones.
std::pair<std::string, int> local(const std::string& zone, EpochMs at) {
    const auto time =
        std::chrono::locate_zone(zone)->to_local(std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{at}});
    const auto day = std::chrono::floor<std::chrono::days>(time);
    return {std::format("{:%F}", day), static_cast<int>(std::chrono::floor<std::chrono::hours>(time - day).count())};
}

/// Sums over some of the test's activities.
struct Sums {
    std::int64_t ms = 0;
    std::int64_t sessions = 0;
    struct App {
        std::int64_t ms = 0;
        std::int64_t sessions = 0;
        std::map<std::string, std::int64_t> packages;
        std::map<std::string, std::int64_t> categories;
    };
    std::map<std::string, App> apps;
    std::map<std::string, std::int64_t> categories;

    void add(const Remembered& one) {
        ms += one.ms;
        ++sessions;
        auto& app = apps[one.app];
        app.ms += one.ms;
        ++app.sessions;
        app.categories[one.category] += one.ms;
        if (!one.package.empty()) app.packages[one.package] += one.ms;
        categories[one.category] += one.ms;
    }
};

class StatisticsTest : public testing::ActivitiesTest {
  protected:
    void live(const Journey& journey);
    void spend_a_day(Day day, std::mt19937& random);
    void spread();
    void check_day(Day day);
    void check_period(Day first, Day last, const Period& period);
    void check_app(const std::string& name, Day today);
    void check_apps();
    void check_list();

    template <class Keep>
    Sums sums(Keep keep) {
        Sums sums;
        for (const auto& [id, one] : rows_) {
            if (keep(one)) sums.add(one);
        }
        return sums;
    }
    void expect_apps(const std::vector<AppUsage>& apps, const Sums& sums, std::size_t at_most);
    void expect_categories(const std::vector<CategoryUsage>& categories, const Sums& sums);
    Period range(Day first, Day last) {
        return run([&]() -> db::Task<Period> { co_return co_await service_->range(caller_, first, last); });
    }
    std::string random_activity(Day day, std::mt19937& random, Remembered& one);

    /// The expected hours of a day, and the number of activities' parts in each: each part may be rounded.
    struct Hours {
        std::array<double, 24> ms{};
        int parts = 0;
    };
    std::map<std::int64_t, Remembered> rows_;
    std::map<std::string, Hours> hours_;
    std::string zone_;
};
FOCUS_TEST_ON_EACH_DATABASE(StatisticsTest);

/// A body and the expected row. Durations are odd milliseconds, so that no two sums are equal by accident.
std::string StatisticsTest::random_activity(Day day, std::mt19937& random, Remembered& one) {
    static const std::vector<std::string> apps{"Reddit", "YouTube", "Ünïcode ✨", "Mail", "chess"};
    static const std::vector<std::string> categories{"social", "video", "work"};
    one.app = apps[random() % apps.size()];
    one.package = random() % 3 == 0 ? "org." + std::to_string(random() % 2) : "";
    one.category = categories[random() % categories.size()];
    one.ms = 1 + static_cast<std::int64_t>(random() % 5'000'000);
    one.zone = zone_;
    std::string body = std::format(R"({{"app_name":"{}","app_category":"{}","duration_minutes":{})", one.app, one.category,
                                   static_cast<double>(one.ms) / 60000.0);
    if (!one.package.empty()) body += std::format(R"(,"app_package":"{}")", one.package);
    if (random() % 2 == 0) body += random() % 2 == 0 ? R"(,"device_type":"phone")" : R"(,"device_type":"tablet")";
    const auto now = clock_.now_ms();
    if (random() % 4 != 0) { // whole minutes, within the last day and a half
        one.start = now / k_minute_ms * k_minute_ms - static_cast<EpochMs>(random() % (36 * 60)) * k_minute_ms;
        one.end = *one.start + static_cast<EpochMs>(random() % 400) * k_minute_ms;
        body += std::format(R"(,"start_time":"{}","end_time":"{}")", format_rfc3339(*one.start), format_rfc3339(*one.end));
    }
    if (random() % 4 == 0) {
        one.day = day.plus(-static_cast<int>(random() % 10)).to_string();
        body += std::format(R"(,"activity_date":"{}")", one.day);
    } else {
        one.day = local(zone_, one.start.value_or(now)).first;
    }
    return body + "}";
}

void StatisticsTest::spend_a_day(Day day, std::mt19937& random) {
    const auto start = caller_.zone.start_of(day);
    const auto end = caller_.zone.start_of(day.plus(1));
    clock_.freeze(start + static_cast<EpochMs>(random() % static_cast<std::uint64_t>(end - start)));
    std::vector<Remembered> items(2 + random() % 4);
    std::string body;
    for (auto& item : items) body += (body.empty() ? "" : ",") + random_activity(day, random, item);
    const auto result = batch("{\"activities\":[" + body + "]}");
    ASSERT_EQ(result.created, static_cast<std::int64_t>(items.size()));
    for (std::size_t i = 0; i < items.size(); ++i) rows_[*result.results[i].id] = items[i];
    Remembered one;
    const auto made = record(random_activity(day, random, one));
    ASSERT_EQ(made.activity_date.value.to_string(), one.day);
    rows_[made.id] = one;
    const auto any = [&] { return std::next(rows_.begin(), static_cast<std::ptrdiff_t>(random() % rows_.size())); };
    if (random() % 2 == 0) {
        const auto gone = any();
        remove(gone->first);
        rows_.erase(gone);
    }
    auto& [id, changed] = *any();
    switch (random() % 4) {
    case 0:
        changed.ms = 1 + static_cast<std::int64_t>(random() % 5'000'000);
        change(id, std::format(R"({{"duration_minutes":{}}})", static_cast<double>(changed.ms) / 60000.0));
        break;
    case 1:
        changed.app = "Mail";
        changed.package.clear();
        change(id, R"({"app_name":"Mail","app_package":null})");
        break;
    case 2:
        changed.day = day.plus(-static_cast<int>(random() % 20)).to_string();
        changed.zone = zone_; // its zone is set again
        change(id, std::format(R"({{"activity_date":"{}"}})", changed.day));
        break;
    default:
        changed.category = "work";
        change(id, R"({"app_category":"work"})");
    }
}

void StatisticsTest::expect_apps(const std::vector<AppUsage>& apps, const Sums& sums, std::size_t at_most) {
    ASSERT_EQ(apps.size(), std::min(sums.apps.size(), at_most));
    const auto most = [](const std::map<std::string, std::int64_t>& times) {
        std::pair<std::string, std::int64_t> best{"", -1};
        for (const auto& entry : times) best = entry.second > best.second ? std::pair{entry.first, entry.second} : best;
        return best.first;
    };
    for (std::size_t i = 0; i < apps.size(); ++i) {
        const auto& app = apps[i];
        const auto& expected = sums.apps.at(app.app_name);
        EXPECT_EQ(app.total_time.ms, expected.ms);
        EXPECT_EQ(app.sessions, expected.sessions);
        EXPECT_EQ(app.app_category, most(expected.categories));
        EXPECT_EQ(app.app_package.value_or(""), most(expected.packages));
        EXPECT_EQ(app.percentage, sums.ms == 0 ? 0 : round2(static_cast<double>(expected.ms) * 100.0 / static_cast<double>(sums.ms)));
        EXPECT_TRUE(i == 0 || apps[i - 1].total_time.ms >= app.total_time.ms);
    }
}

void StatisticsTest::expect_categories(const std::vector<CategoryUsage>& categories, const Sums& sums) {
    ASSERT_EQ(categories.size(), sums.categories.size());
    for (const auto& category : categories) {
        EXPECT_EQ(category.total_time.ms, sums.categories.at(category.app_category));
        EXPECT_EQ(category.percentage,
                  sums.ms == 0 ? 0 : round2(static_cast<double>(category.total_time.ms) * 100.0 / static_cast<double>(sums.ms)));
    }
}

void StatisticsTest::check_day(Day day) {
    const auto name = day.to_string();
    SCOPED_TRACE(name);
    const auto expected = sums([&](const Remembered& one) { return one.day == name; });
    const auto before = sums([&](const Remembered& one) { return one.day == day.plus(-1).to_string(); });
    const auto stats = daily(day);
    EXPECT_EQ(stats.total_time.ms, expected.ms);
    EXPECT_EQ(stats.sessions, expected.sessions);
    EXPECT_EQ(stats.apps_used, static_cast<std::int64_t>(expected.apps.size()));
    expect_apps(stats.apps, expected, 1000);
    expect_categories(stats.categories, expected);
    EXPECT_EQ(stats.previous_day_total.ms, before.ms);
    EXPECT_EQ(stats.change_percent.has_value(), before.ms != 0);
    if (before.ms != 0) {
        EXPECT_EQ(*stats.change_percent, round2(static_cast<double>(expected.ms - before.ms) * 100.0 / static_cast<double>(before.ms)));
    }

    const auto& [hours, parts] = hours_[name];
    for (std::size_t hour = 0; hour < 24; ++hour) EXPECT_NEAR(static_cast<double>(stats.hourly[hour].ms), hours[hour], parts + 1) << hour;
}

/// Minute by minute, unlike our statistics.
void StatisticsTest::spread() {
    hours_.clear();
    for (const auto& [id, one] : rows_) {
        if (!one.start || !one.end) continue;
        const auto minutes = std::max<EpochMs>(1, (*one.end - *one.start) / k_minute_ms);
        std::set<std::string> days;
        for (EpochMs minute = 0; minute < minutes; ++minute) {
            const auto [day, hour] = local(one.zone, *one.start + minute * k_minute_ms);
            hours_[day].ms[static_cast<std::size_t>(hour)] += static_cast<double>(one.ms) / static_cast<double>(minutes);
            days.insert(day);
        }
        for (const auto& day : days) ++hours_[day].parts;
    }
}

void StatisticsTest::check_period(Day first, Day last, const Period& period) {
    SCOPED_TRACE(first.to_string() + " to " + last.to_string());
    const auto days = last.since(first) + 1;
    const auto within = [&](Day from, Day to) {
        return sums([&](const Remembered& one) { return one.day >= from.to_string() && one.day <= to.to_string(); });
    };
    const auto expected = within(first, last);
    const auto before = within(first.plus(-days), first.plus(-1));
    EXPECT_EQ(period.start_date.value, first);
    EXPECT_EQ(period.end_date.value, last);
    EXPECT_EQ(period.total_time.ms, expected.ms);
    EXPECT_EQ(period.sessions, expected.sessions);
    EXPECT_EQ(period.apps_used, static_cast<std::int64_t>(expected.apps.size()));
    EXPECT_EQ(period.daily_average, round2(static_cast<double>(expected.ms) / 60000.0 / days));
    EXPECT_EQ(period.previous_total.ms, before.ms);
    expect_apps(period.top_apps, expected, 10);
    expect_categories(period.categories, expected);
    ASSERT_EQ(period.daily_breakdown.size(), static_cast<std::size_t>(days));
    for (int i = 0; i < days; ++i) {
        const auto& entry = period.daily_breakdown[static_cast<std::size_t>(i)];
        EXPECT_EQ(entry.date.value, first.plus(i));
        EXPECT_EQ(entry.total_time.ms, within(first.plus(i), first.plus(i)).ms);
    }
}

void StatisticsTest::check_app(const std::string& name, Day today) {
    SCOPED_TRACE(name);
    const auto expected = sums([&](const Remembered& one) { return one.app == name; });
    if (expected.sessions == 0) return;
    const auto stats = run([&]() -> db::Task<AppStats> { co_return co_await service_->app(caller_, name); });
    EXPECT_EQ(stats.total_time.ms, expected.ms);
    EXPECT_EQ(stats.sessions, expected.sessions);
    EXPECT_EQ(stats.average_session, round2(static_cast<double>(expected.ms) / 60000.0 / static_cast<double>(expected.sessions)));
    std::set<std::string> days;
    for (const auto& [id, one] : rows_) {
        if (one.app == name) days.insert(one.day);
    }
    EXPECT_EQ(stats.first_used->value.to_string(), *days.begin());
    EXPECT_EQ(stats.last_used->value.to_string(), *days.rbegin());
    ASSERT_EQ(stats.daily_breakdown.size(), 30U);
    EXPECT_EQ(stats.daily_breakdown.back().date.value, today);
    for (const auto& entry : stats.daily_breakdown) {
        EXPECT_EQ(entry.total_time.ms,
                  sums([&](const Remembered& one) { return one.app == name && one.day == entry.date.value.to_string(); }).ms);
    }
}

void StatisticsTest::check_apps() {
    const auto expected = sums([](const Remembered&) { return true; });
    const auto apps = run([&]() -> db::Task<AppList> { co_return co_await service_->apps(caller_, 0, 100); });
    EXPECT_EQ(apps.total, static_cast<std::int64_t>(expected.apps.size()));
    ASSERT_EQ(apps.items.size(), expected.apps.size());
    for (const auto& app : apps.items) {
        EXPECT_EQ(app.total_time.ms, expected.apps.at(app.app_name).ms);
        EXPECT_EQ(app.sessions, expected.apps.at(app.app_name).sessions);
    }
    const auto totals = run([&]() -> db::Task<Totals> { co_return co_await service_->totals(caller_); });
    EXPECT_EQ(totals.total_time.ms, expected.ms);
    EXPECT_EQ(totals.activities, expected.sessions);
}

void StatisticsTest::check_list() {
    EXPECT_EQ(list({}).total, static_cast<std::int64_t>(rows_.size()));
    ListQuery query;
    query.app_name = {"MAIL"};
    EXPECT_EQ(list(query).total, sums([](const Remembered& one) { return one.app == "Mail"; }).sessions);
    query.category = {"work"};
    EXPECT_EQ(list(query).total, sums([](const Remembered& one) { return one.app == "Mail" && one.category == "work"; }).sessions);
}

void StatisticsTest::live(const Journey& journey) {
    constexpr int k_days = 90;
    std::mt19937 random{static_cast<std::mt19937::result_type>(std::hash<std::string>{}(journey.name))};
    zone_ = journey.zone;
    caller_.zone = Zone::of(zone_);
    const auto first = *Day::parse(journey.first_day);
    for (int i = 0; i < k_days; ++i) {
        if (i == k_days / 2 && !journey.later_zone.empty()) {
            zone_ = journey.later_zone;
            caller_.zone = Zone::of(zone_);
        }
        ASSERT_NO_FATAL_FAILURE(spend_a_day(first.plus(i), random));
    }
    const auto last = first.plus(k_days - 1);
    spread();
    for (auto day = first.plus(-10); day <= last; day = day.plus(1)) check_day(day);
    for (int i = 0; i < 10; ++i) {
        const auto end = first.plus(static_cast<int>(random() % k_days));
        check_period(end.plus(-6), end, run([&]() -> db::Task<Period> { co_return co_await service_->last_days(caller_, 7, end); }));
        check_period(end.plus(-29), end, run([&]() -> db::Task<Period> { co_return co_await service_->last_days(caller_, 30, end); }));
        const auto start = end.plus(-static_cast<int>(random() % 366));
        check_period(start, end, range(start, end));
    }
    for (const auto* name : {"Reddit", "YouTube", "Ünïcode ✨", "Mail", "chess"}) check_app(name, caller_.zone.day_of(clock_.now_ms()));
    check_apps();
    check_list();
    while (!rows_.empty()) { // delete all: nothing may be left in any roll-up
        remove(rows_.begin()->first);
        rows_.erase(rows_.begin());
    }
    check_period(first.plus(-10), last, range(first.plus(-10), last));
    spread();
    check_day(first.plus(3));
    check_apps();
    check_list();
}

TEST_P(StatisticsTest, ParisInAutumn) { live({"paris", "Europe/Paris", "2025-09-01", ""}); }
TEST_P(StatisticsTest, NewYorkInSpring) { live({"new york", "America/New_York", "2026-02-01", ""}); }
TEST_P(StatisticsTest, LordHoweInAutumn) { live({"lord howe", "Australia/Lord_Howe", "2026-02-10", ""}); }
TEST_P(StatisticsTest, Kiritimati) { live({"kiritimati", "Pacific/Kiritimati", "2025-12-01", ""}); }
TEST_P(StatisticsTest, Kathmandu) { live({"kathmandu", "Asia/Kathmandu", "2026-01-10", ""}); }
TEST_P(StatisticsTest, FromParisToKiritimati) { live({"far away", "Europe/Paris", "2026-02-15", "Pacific/Kiritimati"}); }

} // namespace
} // namespace focus::activities
