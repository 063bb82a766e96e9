#include "core/base/days.hpp"
#include "core/base/zone_file.hpp"

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <random>

namespace focus {
namespace {

constexpr std::string_view k_zones[] = {"UTC",
                                        "Europe/Paris",
                                        "America/New_York",
                                        "Australia/Lord_Howe",
                                        "Pacific/Kiritimati",
                                        "Asia/Kathmandu",
                                        "America/Sao_Paulo",
                                        "Africa/Cairo",
                                        "Asia/Beirut",
                                        "America/St_Johns",
                                        "America/Havana",
                                        "Pacific/Apia",
                                        "Africa/Casablanca",
                                        "America/Scoresbysund",
                                        "America/Vancouver",
                                        "America/Edmonton",
                                        "Antarctica/Troll"};

EpochMs at(std::string_view text) { return parse_rfc3339(text).value(); }
Day day(std::string_view text) { return Day::parse(text).value(); }
Zone zone(std::string_view name) { return Zone::find(name).value(); }

/// Instants of 1971 to 2037: random ones, and those around the changes of the zone's clock.
std::vector<EpochMs> instants(std::string_view name) {
    const auto first = at("1971-01-01T00:00:00Z"), last = at("2037-12-01T00:00:00Z");
    std::mt19937_64 random{20260329};
    std::uniform_int_distribution<EpochMs> any{first, last};
    std::uniform_int_distribution<EpochMs> near{-26 * k_hour_ms, 26 * k_hour_ms};
    std::vector<EpochMs> result;
    for (int i = 0; i < 5000; ++i) result.push_back(any(random));
    const auto file = read_zone_file(name).value();
    for (const auto& change : file.changes)
        if (change.at_ms > first && change.at_ms < last)
            for (const EpochMs offset : {-k_hour_ms, EpochMs{-1}, EpochMs{0}, EpochMs{1}, 29 * k_minute_ms, near(random), near(random)})
                result.push_back(change.at_ms + offset);
    return result;
}

TEST(Zone, days_are_contiguous_and_contain_their_instants) {
    for (const auto name : k_zones) {
        const auto z = zone(name);
        for (const auto t : instants(name)) {
            const auto d = z.day_of(t);
            ASSERT_LE(z.start_of(d), t) << name << ' ' << format_rfc3339(t);
            ASSERT_LT(t, z.start_of(d.plus(1))) << name << ' ' << format_rfc3339(t);
            ASSERT_EQ(z.day_of(z.start_of(d)), d) << name << ' ' << format_rfc3339(t);
            ASSERT_EQ(z.day_of(z.start_of(d) - 1).value < d.value, true) << name << ' ' << format_rfc3339(t);
        }
    }
}

/// While it lives, the C library's local time is that of `zone`.
class LocalTime {
  public:
    explicit LocalTime(std::string_view zone) { use(std::string{zone}.c_str()); }
    LocalTime(const LocalTime&) = delete;
    LocalTime& operator=(const LocalTime&) = delete;
    ~LocalTime() { use("UTC"); }
    [[nodiscard]] static std::tm of(EpochMs at) {
        const auto seconds = static_cast<std::time_t>(std::floor(static_cast<double>(at) / 1000.0));
        std::tm result{};
        localtime_r(&seconds, &result);
        return result;
    }

  private:
    static void use(const char* zone) {
        setenv("TZ", zone, 1);
        tzset();
    }
};

TEST(Zone, agrees_with_the_wall_clock) {
    for (const auto name : k_zones) {
        const LocalTime local_time{name};
        const auto z = zone(name);
        for (const auto t : instants(name)) {
            const auto local = LocalTime::of(t);
            const auto minute = local.tm_hour * 60 + local.tm_min;
            ASSERT_EQ(z.minute_of_day(t), minute) << name << ' ' << format_rfc3339(t);
            // of a repeated midnight the first counts, so for an hour the wall clock may show the day before
            const Day wall{std::chrono::year{local.tm_year + 1900} / (local.tm_mon + 1) / local.tm_mday};
            const auto ahead = z.day_of(t).since(wall);
            ASSERT_TRUE(ahead == 0 || (ahead == 1 && minute >= 22 * 60)) << name << ' ' << format_rfc3339(t);
        }
    }
}

TEST(Zone, slices_tile_the_interval) {
    std::mt19937_64 random{7};
    std::uniform_int_distribution<EpochMs> length{0, 30 * k_hour_ms};
    for (const auto name : k_zones) {
        const auto z = zone(name);
        for (const auto from : instants(name)) {
            const auto to = from + length(random);
            auto next = from;
            for (const auto& slice : z.split_by_hour(from, to)) {
                ASSERT_EQ(slice.from_ms, next) << name << ' ' << format_rfc3339(from);
                ASSERT_LT(slice.from_ms, slice.to_ms);
                ASSERT_LE(slice.to_ms - slice.from_ms, k_hour_ms);
                for (const auto t : {slice.from_ms, slice.to_ms - 1}) {
                    ASSERT_EQ(z.day_of(t), slice.day) << name << ' ' << format_rfc3339(t);
                    ASSERT_EQ(z.minute_of_day(t) / 60, slice.hour) << name << ' ' << format_rfc3339(t);
                }
                next = slice.to_ms;
            }
            ASSERT_EQ(next, to);
        }
    }
}

TEST(Zone, at_shows_that_time_or_the_end_of_the_gap) {
    for (const auto name : k_zones) {
        const auto z = zone(name);
        for (const auto t : instants(name)) {
            const auto d = z.day_of(t);
            const auto minute = z.minute_of_day(t);
            const auto found = z.at(d, minute);
            if (found > t || t - found >= k_minute_ms) {
                // an earlier instant with the same wall clock, or the wall clock's other day at a repeated midnight
                ASSERT_LT(std::abs(found - t), 26 * k_hour_ms) << name << ' ' << format_rfc3339(t);
            }
            ASSERT_EQ(z.minute_of_day(found), minute) << name << ' ' << format_rfc3339(t);
        }
    }
}

TEST(Zone, knows_short_and_long_days) {
    const auto paris = zone("Europe/Paris");
    EXPECT_EQ(paris.start_of(day("2026-03-29")), at("2026-03-28T23:00:00Z"));
    EXPECT_EQ(paris.start_of(day("2026-03-30")), at("2026-03-29T22:00:00Z"));
    EXPECT_EQ(paris.start_of(day("2026-10-26")) - paris.start_of(day("2026-10-25")), 25 * k_hour_ms);
    EXPECT_EQ(paris.at(day("2026-03-29"), 2 * 60 + 30), at("2026-03-29T01:00:00Z")); // the gap's end
    EXPECT_EQ(paris.at(day("2026-10-25"), 2 * 60 + 30), at("2026-10-25T00:30:00Z")); // the first of two
    const auto howe = zone("Australia/Lord_Howe");
    EXPECT_EQ(howe.start_of(day("2026-04-06")) - howe.start_of(day("2026-04-05")), 24 * k_hour_ms + 30 * k_minute_ms);
    EXPECT_EQ(howe.split_by_hour(howe.start_of(day("2026-04-05")), howe.start_of(day("2026-04-06"))).size(), 25U);
}

TEST(Zone, starts_after_the_gap_where_midnight_is_skipped) {
    const auto sao_paulo = zone("America/Sao_Paulo");
    EXPECT_EQ(sao_paulo.start_of(day("2018-11-04")), at("2018-11-04T03:00:00Z"));
    EXPECT_EQ(sao_paulo.minute_of_day(sao_paulo.start_of(day("2018-11-04"))), 60);
    EXPECT_EQ(sao_paulo.day_of(at("2018-11-04T02:59:59.999Z")), day("2018-11-03"));
    const auto cairo = zone("Africa/Cairo");
    EXPECT_EQ(cairo.minute_of_day(cairo.start_of(day("2025-04-25"))), 60);
    // Samoa had no 30 December 2011: the day is empty
    const auto apia = zone("Pacific/Apia");
    EXPECT_EQ(apia.start_of(day("2011-12-30")), apia.start_of(day("2011-12-31")));
}

TEST(Zone, a_repeated_midnight_does_not_bring_yesterday_back) {
    const auto st_johns = zone("America/St_Johns"); // 2010-11-07T00:01 became 2010-11-06T23:01
    EXPECT_EQ(st_johns.day_of(at("2010-11-07T02:30:30Z")), day("2010-11-07"));
    EXPECT_EQ(st_johns.day_of(at("2010-11-07T02:31:30Z")), day("2010-11-07"));
    EXPECT_EQ(st_johns.minute_of_day(at("2010-11-07T02:31:30Z")), 23 * 60 + 1);
}

TEST(Zone, finds_names_and_links_only) {
    EXPECT_TRUE(Zone::find("US/Eastern"));
    EXPECT_EQ(Zone{}, zone("UTC"));
    EXPECT_EQ(Zone::of("Mars/Olympus"), Zone{});
    for (const std::string_view name : {"", "europe/paris", "Paris", "../etc/passwd", "UTC+1"}) EXPECT_FALSE(Zone::find(name)) << name;
}

TEST(Zone, finds_each_name_whatever_was_asked_before) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(Zone::of("Europe/Paris").name(), "Europe/Paris");
        EXPECT_EQ(Zone::of("UTC").name(), "UTC");
        EXPECT_FALSE(Zone::find("Europe/Pari"));
        EXPECT_FALSE(Zone::find(""));
        EXPECT_EQ(Zone::of("Europe/Paris").name(), "Europe/Paris");
        EXPECT_EQ(Zone::of("Mars/Olympus"), Zone{});
    }
}

TEST(Zone, goes_on_after_the_file_ends) {
    const auto paris = zone("Europe/Paris");
    EXPECT_EQ(paris.start_of(day("2100-07-01")), at("2100-06-30T22:00:00Z"));
    EXPECT_EQ(paris.start_of(day("2100-01-01")), at("2099-12-31T23:00:00Z"));
    EXPECT_EQ(paris.day_of(at("9999-12-31T23:59:59.999Z")).value - day("9999-12-31").value, std::chrono::days{1});
    EXPECT_EQ(zone("Asia/Kathmandu").minute_of_day(at("9000-01-01T00:00:00Z")), 5 * 60 + 45);
    EXPECT_EQ(zone("Asia/Kathmandu").day_of(at("0001-01-01T12:00:00Z")), day("0001-01-01"));
}

TEST(ZoneFile, refuses_what_is_not_one) {
    EXPECT_FALSE(read_zone_file("Mars/Olympus"));
    std::ifstream file{"/usr/share/zoneinfo/Europe/Paris", std::ios::binary};
    const std::string whole{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_GT(parse_zone_file(whole).value().changes.size(), 100U);
    for (std::size_t size = 0; size + 60 < whole.size(); size += 7) EXPECT_FALSE(parse_zone_file(whole.substr(0, size))) << size;
}

TEST(Zone, split_respects_its_bound) { EXPECT_EQ(Zone{}.split_by_hour(0, 100 * k_day_ms, 10).size(), 10U); }

TEST(Day, reads_real_dates_only) {
    EXPECT_EQ(day("2024-02-29").to_string(), "2024-02-29");
    EXPECT_EQ(day("0001-01-01").to_string(), "0001-01-01");
    EXPECT_EQ(day("9999-12-31").to_string(), "9999-12-31");
    for (const std::string_view text : {"", "2023-02-29", "2024-2-29", "2024-02-29T00:00:00Z", "0000-01-01", "2024-13-01", "2024-00-10",
                                        "2024-01-32", "+024-01-01", " 2024-01-01", "2024-01-01 ", "20240101", "2024/01/01", "12024-01-01"})
        EXPECT_FALSE(Day::parse(text)) << text;
    EXPECT_EQ(day("2026-03-29").weekday(), 6);
    EXPECT_EQ(day("2026-03-01").since(day("2026-02-27")), 2);
}

TEST(Rfc3339, goes_both_ways) {
    std::mt19937_64 random{3};
    std::uniform_int_distribution<EpochMs> any{at("0001-01-01T00:00:00Z"), at("9999-12-31T23:59:59.999Z")};
    for (int i = 0; i < 2000; ++i) {
        const auto t = any(random);
        EXPECT_EQ(parse_rfc3339(format_rfc3339(t)), t);
    }
    EXPECT_EQ(format_rfc3339(at("2026-03-29T01:02:03.0049+02:00")), "2026-03-28T23:02:03.004Z");
    EXPECT_EQ(at("1970-01-01t00:00:00z"), 0);
    EXPECT_EQ(at("1969-12-31T19:00:00-05:00"), 0);
    EXPECT_EQ(at("1969-12-31T23:59:59.5Z"), -500);
    EXPECT_EQ(at("1990-12-31T15:59:60-08:00"), at("1991-01-01T00:00:00Z")); // RFC 3339 §5.8
}

TEST(Rfc3339, refuses_everything_else) {
    for (const std::string_view text : {"",
                                        "2026-03-29",
                                        "2026-03-29T01:02:03",
                                        "2026-03-29 01:02:03Z",
                                        "2026-03-29T01:02Z",
                                        "2026-03-29T24:00:00Z",
                                        "2026-03-29T01:60:00Z",
                                        "2026-03-29T01:02:60Z",
                                        "2026-03-29T01:02:61Z",
                                        "2026-03-29T01:02:03.Z",
                                        "2026-03-29T01:02:03+0200",
                                        "2026-03-29T01:02:03+24:00",
                                        "2026-03-29T01:02:03+02:60",
                                        "2026-02-30T01:02:03Z",
                                        "2026-03-29T01:02:03Z ",
                                        "2026-03-29T01:02:03ZZ",
                                        "0001-01-01T00:00:00+00:01",
                                        "9999-12-31T23:59:59-00:01",
                                        "0000-01-01T00:00:00Z",
                                        "1767225600",
                                        "2026-03-29T-1:02:03Z"})
        EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(HttpDate, is_the_rfcs_example) { EXPECT_EQ(format_http_date(at("1994-11-06T08:49:37Z")), "Sun, 06 Nov 1994 08:49:37 GMT"); }

TEST(TimeOfDay, goes_both_ways) {
    for (int minute = 0; minute < 24 * 60; ++minute) EXPECT_EQ(parse_hhmm(format_hhmm(minute)), minute);
    for (const std::string_view text : {"", "24:00", "12:60", "1:00", "12:0", "12:00:00", "12-00", "ab:cd"})
        EXPECT_FALSE(parse_hhmm(text)) << text;
}

} // namespace
} // namespace focus
