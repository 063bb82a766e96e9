#include "app/demo.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <random>

namespace focus::app {

namespace {

constexpr std::string_view k_email = "demo@focus.example";
constexpr std::string_view k_password = "Demo-1234";
constexpr int k_days = 90;

struct DemoApp {
    std::string_view name;
    std::string_view package;
    std::string_view category;
    double mean_minutes; // of one stretch
    int hour;            // around which it is used
};

constexpr std::array<DemoApp, 8> k_apps{{{"Instagram", "com.instagram.android", "social", 14, 21},
                                         {"YouTube", "com.google.android.youtube", "video", 26, 20},
                                         {"WhatsApp", "com.whatsapp", "communication", 6, 12},
                                         {"Firefox", "org.mozilla.firefox", "browser", 11, 18},
                                         {"Spotify", "com.spotify.music", "music", 22, 8},
                                         {"Gmail", "com.google.android.gm", "productivity", 5, 9},
                                         {"Duolingo", "com.duolingo", "education", 9, 7},
                                         {"Candy Crush", "com.king.candycrushsaga", "games", 12, 22}}};

activities::NewActivity make_activity(const DemoApp& app, Zone zone, Day day, std::mt19937_64& random, EpochMs latest) {
    std::gamma_distribution<double> minutes{2.0, app.mean_minutes / 2.0};
    std::normal_distribution<double> moment{app.hour * 60.0, 70.0};
    const auto duration = std::clamp(minutes(random), 0.5, 120.0);
    const auto start = zone.at(day, std::clamp(static_cast<int>(moment(random)), 0, 1439 - static_cast<int>(duration)));
    const auto length = static_cast<std::int64_t>(duration * 60'000.0);
    activities::NewActivity activity;
    activity.app_name.value = app.name;
    activity.app_package.emplace().value = app.package;
    activity.app_category.emplace().value = app.category;
    activity.duration_minutes.value.ms = length;
    activity.start_time = json::Timestamp{std::min(start, latest - length)};
    activity.end_time = json::Timestamp{std::min(start + length, latest)};
    activity.activity_date = json::Date{day};
    activity.device_type.emplace().value = "android";
    return activity;
}

} // namespace

boost::asio::awaitable<std::string> fill_demo(Rooms& rooms, const Clock& clock) {
    const Origin origin{.ip = "127.0.0.1", .user_agent = "focus demo", .request_id = "demo", .endpoint = "focus demo"};
    const auto line = std::format("demo account: {} / {}\n", k_email, k_password);
    if (co_await rooms.users.find_by_email(rooms.database, std::string{k_email})) co_return line;
    const auto user = co_await rooms.auth.create_account(std::string{k_email}, "demo", std::string{k_password}, Role::user, origin);
    Caller caller;
    caller.user_id = user.id;
    caller.is_verified = true;
    const auto now = clock.now_ms();
    const auto today = caller.zone.day_of(now);
    std::mt19937_64 random{20260101}; // the same history for everybody
    for (int back = k_days - 1; back >= 0; --back) {
        const auto day = today.plus(-back);
        const double appetite = day.weekday() >= 5 ? 0.8 : 0.5; // more at weekends
        for (const auto& app : k_apps) {
            std::binomial_distribution<int> times{3, appetite};
            for (int i = times(random); i > 0; --i) {
                co_await rooms.activities.create(caller, origin,
                                                 make_activity(app, caller.zone, day, random, back == 0 ? now : INT64_MAX / 2));
            }
        }
    }
    co_return line;
}

} // namespace focus::app
