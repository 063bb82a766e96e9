#include "app/demo.hpp"

#include "core/crypto/crypto.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <format>
#include <random>
#include <vector>

namespace focus::app {

namespace {

using boost::asio::awaitable;

constexpr std::string_view k_email = "demo@focus.example";
constexpr std::string_view k_password = "Demo-1234";
constexpr std::string_view k_zone = "Europe/Paris";
constexpr int k_days = 90;

struct DemoApp {
    std::string_view name;
    std::string_view package;
    std::string_view category;
    double mean_minutes; // of one stretch
    int hour;            // of the day, around which it is used
};

constexpr std::array<DemoApp, 9> k_apps{{{"Instagram", "com.instagram.android", "social", 13, 21},
                                         {"YouTube", "com.google.android.youtube", "video", 24, 20},
                                         {"WhatsApp", "com.whatsapp", "communication", 6, 12},
                                         {"Firefox", "org.mozilla.firefox", "browser", 10, 18},
                                         {"Spotify", "com.spotify.music", "music", 18, 8},
                                         {"Gmail", "com.google.android.gm", "productivity", 5, 9},
                                         {"Duolingo", "com.duolingo", "education", 8, 7},
                                         {"Candy Crush", "com.king.candycrushsaga", "games", 10, 22},
                                         {"TikTok", "com.zhiliaoapp.musically", "social", 9, 23}}};

struct Person {
    std::string_view username;
    std::string_view full_name;
    std::string_view bio;
    int days;                // of history
    double at_first, lately; // share of the usual time, on the first and on the last day
};

constexpr std::array<Person, 5> k_people{{{"demo", "Camille Dubois", "Less scrolling, more reading.", k_days, 1.35, 0.8},
                                          {"lea", "Léa Bernard", "", 40, 0.8, 0.65},
                                          {"noah", "Noah Petit", "", 38, 1.2, 0.95},
                                          {"ines", "Inès Moreau", "Runs in the morning.", 36, 0.7, 0.7},
                                          {"marco", "Marco Rossi", "", 35, 1.3, 1.25}}};
constexpr std::size_t k_demo = 0;

constexpr std::array k_limits{
    R"({"app_name":"Instagram","app_package":"com.instagram.android","app_category":"social","daily_limit_minutes":30,
        "schedules":[{"days":["mon","tue","wed","thu","fri","sat","sun"],"start_time":"22:30","end_time":"07:00"}]})",
    R"({"app_name":"YouTube","app_package":"com.google.android.youtube","app_category":"video","daily_limit_minutes":60})",
    R"({"app_name":"Candy Crush","app_package":"com.king.candycrushsaga","app_category":"games","daily_limit_minutes":20,
        "schedules":[{"days":["mon","tue","wed","thu","fri"],"start_time":"09:00","end_time":"12:00"},
                     {"days":["mon","tue","wed","thu","fri"],"start_time":"13:30","end_time":"17:30"}]})",
    R"({"app_name":"TikTok","app_package":"com.zhiliaoapp.musically","app_category":"social","daily_limit_minutes":0})"};

struct DemoChallenge {
    int made, first, last; // days from today
    std::size_t creator;
    std::string_view others; // indexes of the users who join, one digit each
    std::string_view fields; // of the JSON body, without the dates
};

constexpr std::array<DemoChallenge, 4> k_challenges{
    {{-34, -33, -20, 1, "023",
      R"("name":"Two weeks with less Instagram","target_apps":["Instagram"],"target_minutes":45,"description":"Each minute that you don't scroll counts.")"},
     {-9, -9, 5, 0, "1234",
      R"("name":"Evenings for us","target_apps":["Instagram","YouTube","TikTok"],"target_minutes":90,"is_public":false,"description":"Who gets the most evening back?\nThe last one cooks.")"},
     {-6, -6, 8, 4, "02",
      R"("name":"At most 40 minutes of video a day","target_apps":["YouTube"],"target_minutes":40,"challenge_type":"daily_goal")"},
     {-1, 2, 15, 3, "1",
      R"("name":"Quiet inbox","target_apps":["Gmail","WhatsApp"],"target_minutes":120,"challenge_type":"weekly_goal","description":"Mails and messages twice a day, not twice an hour.")"}}};

/// Sets a clock to other days; the destructor restores it.
class TimeTravel {
  public:
    explicit TimeTravel(Clock& clock) : clock_{clock}, began_ms_{clock.now_ms()} {}
    ~TimeTravel() { clock_.run_from(now_ms()); }
    TimeTravel(const TimeTravel&) = delete;
    TimeTravel& operator=(const TimeTravel&) = delete;

    /// The real time.
    [[nodiscard]] EpochMs now_ms() const {
        return began_ms_ + std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_).count();
    }
    /// Never later than the real time.
    void go_to(EpochMs at) { clock_.run_from(std::min(at, now_ms())); }

  private:
    Clock& clock_;
    EpochMs began_ms_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

class Demo {
  public:
    Demo(Modules& modules, Clock& clock) : modules_{modules}, travel_{clock}, today_{zone_.day_of(clock.now_ms())} {}

    awaitable<void> fill() {
        for (int back = k_days; back >= 0; --back) {
            const auto day = today_.plus(-back);
            co_await arrive(back, day);
            for (const auto& challenge : k_challenges) {
                if (challenge.made == -back) co_await make(challenge);
            }
            if (back == k_days - 20) co_await set_limits();
            for (std::size_t i = 0; i < callers_.size(); ++i) co_await live(i, back, day);
            if (back == 2) co_await modules_.notifications.mark_all_read(callers_.at(k_demo).user_id);
        }
        co_await profile(k_demo, R"({"email_reminders":true})"); // no mails about days long past
    }

  private:
    /// Registers, in the morning, the users whose history begins on this day.
    awaitable<void> arrive(int back, Day day) {
        for (std::size_t i = callers_.size(); i < k_people.size() && k_people.at(i).days == back; ++i) {
            const auto& person = k_people.at(i);
            travel_.go_to(zone_.at(day, 6 * 60));
            const auto password = i == k_demo ? std::string{k_password} : crypto::random_token() + "aA1";
            const auto user = co_await modules_.auth.create_account(std::format("{}@focus.example", person.username),
                                                                    std::string{person.username}, password, Role::user, origin_);
            Caller caller;
            caller.user_id = user.id;
            caller.is_verified = true;
            caller.zone = zone_;
            callers_.push_back(caller);
            co_await profile(
                i, std::format(R"({{"full_name":"{}","bio":"{}","timezone":"{}","daily_limit_minutes":150,"email_reminders":false}})",
                               person.full_name, person.bio, k_zone));
        }
    }

    awaitable<void> profile(std::size_t who, std::string json) {
        co_await modules_.users.update_profile(callers_.at(who), origin_, json::parse<users::UpdateProfile>(json));
    }

    awaitable<void> set_limits() {
        for (const auto* limit : k_limits) {
            co_await modules_.blocking.create(callers_.at(k_demo), origin_, json::parse<blocking::NewBlockedApp>(limit));
        }
    }

    awaitable<void> make(DemoChallenge challenge) {
        const auto text = std::format(R"({{{},"start_date":"{}","end_date":"{}","max_participants":20}})", challenge.fields,
                                      today_.plus(challenge.first).to_string(), today_.plus(challenge.last).to_string());
        const auto made =
            co_await modules_.challenges.create(callers_.at(challenge.creator), origin_, json::parse<challenges::NewChallenge>(text));
        for (const char digit : challenge.others) {
            const auto& caller = callers_.at(static_cast<std::size_t>(digit - '0'));
            co_await modules_.challenges.join(caller, origin_, made.id, made.invitation_code.value_or(""));
        }
    }

    /// A user's day, recorded in its evening; of today, the part that is over.
    awaitable<void> live(std::size_t who, int back, Day day) {
        const auto& person = k_people.at(who);
        const double part = person.days == 0 ? 0 : static_cast<double>(person.days - back) / person.days;
        const double appetite = (person.at_first + (person.lately - person.at_first) * part) * (day.weekday() >= 5 ? 1.35 : 1.0);
        const auto latest = std::min(zone_.start_of(day.plus(1)), travel_.now_ms());
        std::vector<std::pair<EpochMs, std::string>> uses;
        for (const auto& app : k_apps) {
            std::binomial_distribution<int> times{3, 0.45};
            for (int i = times(random_); i > 0; --i) add_use(uses, app, appetite, day, latest);
        }
        if (uses.empty()) co_return;
        std::ranges::sort(uses);
        std::string batch;
        for (const auto& [start, json] : uses) batch += (batch.empty() ? "" : ",") + json;
        travel_.go_to(latest - k_minute_ms);
        co_await modules_.activities.create_batch(callers_.at(who), origin_,
                                                  json::parse<activities::NewBatch>(std::format(R"({{"activities":[{}]}})", batch)));
    }

    void add_use(std::vector<std::pair<EpochMs, std::string>>& uses, const DemoApp& app, double appetite, Day day, EpochMs latest) {
        std::gamma_distribution<double> minutes{2.0, app.mean_minutes * appetite / 2.0};
        std::normal_distribution<double> moment{app.hour * 60.0, 80.0};
        const auto duration = std::clamp(minutes(random_), 0.5, 110.0);
        const auto start = zone_.at(day, std::clamp(static_cast<int>(moment(random_)), 0, 1439 - static_cast<int>(duration)));
        const auto length = static_cast<std::int64_t>(duration * static_cast<double>(k_minute_ms));
        if (start + length > latest) return; // still in the future
        uses.emplace_back(
            start,
            std::format(
                R"({{"app_name":"{}","app_package":"{}","app_category":"{}","duration_minutes":{:.3f},"activity_date":"{}","start_time":"{}","end_time":"{}","device_type":"android"}})",
                app.name, app.package, app.category, duration, day.to_string(), format_rfc3339(start), format_rfc3339(start + length)));
    }

    Modules& modules_;
    TimeTravel travel_;
    Zone zone_ = Zone::of(k_zone);
    Day today_;
    Origin origin_{.ip = "127.0.0.1", .user_agent = "focus demo", .request_id = "demo", .endpoint = "focus demo"};
    std::vector<Caller> callers_;      // by index of the person; only those who have registered
    std::mt19937_64 random_{20260101}; // fixed seed: always the same history
};

} // namespace

awaitable<std::string> fill_demo(Modules& modules, Clock& clock) {
    if (!co_await modules.users.find_by_email(modules.core.database, std::string{k_email})) {
        Demo demo{modules, clock};
        co_await demo.fill();
    }
    co_return std::format("{} / {}", k_email, k_password);
}

} // namespace focus::app
