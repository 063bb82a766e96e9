// Accounts with very many different apps: the data of one answer stays bounded, sums stay exact, and a day accepts no
// more apps than its limit.
#include "features/activities/recording.hpp"
#include "support/cpp/activities.hpp"

#include <format>
#include <set>

namespace focus::activities {
namespace {

class ManyAppsTest : public testing::ActivitiesTest {
  protected:
    /// One activity of a minute for each of the apps from `first` on.
    BatchResult use(int first, int count, std::string_view day, std::string_view more = "") {
        std::string items;
        for (int i = first; i < first + count; ++i) {
            items += std::format(R"({}{{"app_name":"App {:05}","duration_minutes":1,"activity_date":"{}"{}}})", i > first ? "," : "", i,
                                 day, more);
        }
        return batch("{\"activities\":[" + items + "]}");
    }
    /// Days from before the limit existed.
    void fill(int count, std::string_view day) {
        for (int first = 0; first < count; first += 1000) use(first, std::min(1000, count - first), day);
    }
    void overfill(std::string_view day) {
        constexpr db::Statement k_more{
            "test.overfill", "INSERT INTO usage_apps (user_id, day, app_key, app_package, app_category, device_type, app_name, total_ms, "
                             "sessions) SELECT user_id, day, app_key, 'twice', app_category, device_type, app_name, total_ms, sessions "
                             "FROM usage_apps WHERE user_id = ? AND day = ?"};
        run([&]() -> db::Task<void> { co_await database().execute(k_more, caller_.user_id, day); });
    }
    template <class F>
    static std::string code_of(F act) {
        try {
            act();
        } catch (const Error& error) {
            return std::string{error.code()};
        }
        return "";
    }
    AppList apps(std::int64_t skip, std::int64_t limit) {
        return run([&]() -> db::Task<AppList> { co_return co_await service_->apps(caller_, skip, limit); });
    }
};
FOCUS_TEST_ON_EACH_DATABASE(ManyAppsTest);

TEST_P(ManyAppsTest, ADayHoldsSoManyApps) {
    fill(4999, "2026-06-10");
    const auto full = batch(R"({"activities":[{"app_name":"app 00007","duration_minutes":1,"activity_date":"2026-06-10"},
        {"app_name":"New 1","duration_minutes":1,"activity_date":"2026-06-10","client_id":"a"},
        {"app_name":"New 2","duration_minutes":1,"activity_date":"2026-06-10","client_id":"b"},
        {"app_name":"New 1","duration_minutes":1,"activity_date":"2026-06-10"},
        {"app_name":"New 2","duration_minutes":1,"activity_date":"2026-06-11"}]})");
    EXPECT_EQ(full.created, 4);
    EXPECT_EQ(full.failed, 1);
    EXPECT_EQ(full.results.at(2).status, ItemStatus::error);
    EXPECT_EQ(full.results.at(2).error->code, "too_many_apps");
    EXPECT_FALSE(full.results.at(2).id);

    const auto old = record(R"({"app_name":"APP 00001","duration_minutes":1,"activity_date":"2026-06-10"})");
    EXPECT_EQ(code_of([&] { record(R"({"app_name":"New 3","duration_minutes":1,"activity_date":"2026-06-10"})"); }), "too_many_apps");
    EXPECT_EQ(code_of([&] { change(old.id, R"({"app_name":"New 3"})"); }), "too_many_apps");
    EXPECT_EQ(code_of([&] { change(old.id, R"({"app_name":"New 1"})"); }), "");
    const auto elsewhere = record(R"({"app_name":"New 3","duration_minutes":1,"activity_date":"2026-06-11"})");
    EXPECT_EQ(code_of([&] { change(elsewhere.id, R"({"activity_date":"2026-06-10"})"); }), "too_many_apps");

    const auto stats = daily("2026-06-10");
    EXPECT_EQ(stats.apps_used, 5000);
    EXPECT_EQ(stats.sessions, 4999 + 3 + 1);
    EXPECT_EQ(batch(R"({"activities":[{"app_name":"Later","duration_minutes":1,"activity_date":"2026-06-11","client_id":"b"}]})").created,
              1)
        << "what was refused has used no client_id";
}

TEST_P(ManyAppsTest, AnImportReportsTheRowsThatAreTooMany) {
    fill(4999, "2026-06-10");
    const auto result = run([&]() -> db::Task<ImportResult> {
        co_return co_await service_->import_file(
            caller_, {}, "app,minutes,date\nOne,1,2026-06-10\nTwo,1,2026-06-10\nTwo,1,2026-06-11\nOne,2,2026-06-10\n");
    });
    EXPECT_EQ(result.created, 3);
    ASSERT_EQ(result.failed, 1);
    EXPECT_EQ(result.errors.at(0).line, 3);
    EXPECT_EQ(result.errors.at(0).error.code, "too_many_apps");
}

TEST_P(ManyAppsTest, ADayFromBeforeTheLimitTakesWhatItHas) {
    fill(3000, "2026-06-10");
    overfill("2026-06-10");
    const auto answer = use(0, 2, "2026-06-10");
    EXPECT_EQ(answer.created, 2);
    EXPECT_EQ(use(2998, 4, "2026-06-10").failed, 2);
    EXPECT_EQ(code_of([&] { record(R"({"app_name":"New","duration_minutes":1,"activity_date":"2026-06-10"})"); }), "too_many_apps");
}

TEST_P(ManyAppsTest, AnswersAreBoundedAndSumsExact) {
    fill(1500, "2026-06-10");
    use(0, 700, "2026-06-11");
    use(5, 1, "2026-06-11");
    const auto day = daily("2026-06-10");
    EXPECT_EQ(day.apps.size(), 500U);
    EXPECT_EQ(day.apps_used, 1500);
    EXPECT_EQ(day.total_time.ms, 1500 * k_minute_ms);
    EXPECT_EQ(day.apps.front().percentage, 0.07) << "of all apps";
    const auto period = run(
        [&]() -> db::Task<Period> { co_return co_await service_->range(caller_, *Day::parse("2026-06-10"), *Day::parse("2026-06-12")); });
    EXPECT_EQ(period.apps_used, 1500);
    EXPECT_EQ(period.sessions, 2201);
    EXPECT_EQ(period.top_apps.size(), 10U);
    EXPECT_EQ(period.top_apps.front().app_name, "App 00005");
    EXPECT_EQ(period.categories.at(0).percentage, 100);

    std::set<std::string> names;
    std::int64_t before = INT64_MAX;
    for (std::int64_t skip = 0; skip < 1500; skip += 100) {
        const auto page = apps(skip, 100);
        EXPECT_EQ(page.total, 1500);
        ASSERT_EQ(page.items.size(), 100U);
        for (const auto& app : page.items) {
            EXPECT_LE(app.total_time.ms, before);
            before = app.total_time.ms;
            names.insert(app.app_name);
        }
    }
    EXPECT_EQ(names.size(), 1500U);
    const auto first = apps(0, 1).items.at(0);
    EXPECT_EQ(first.app_name, "App 00005");
    EXPECT_EQ(first.first_used->value.to_string(), "2026-06-10");
    EXPECT_EQ(first.last_used->value.to_string(), "2026-06-11");
    EXPECT_TRUE(apps(1500, 10).items.empty());
}

TEST_P(ManyAppsTest, CategoriesAreBounded) {
    std::string items;
    for (int i = 0; i < 150; ++i) {
        items += std::format(R"({}{{"app_name":"A","app_category":"Category {:03}","duration_minutes":{},"activity_date":"2026-06-10"}})",
                             i > 0 ? "," : "", i, i + 1);
    }
    batch("{\"activities\":[" + items + "]}");
    const auto day = daily("2026-06-10");
    ASSERT_EQ(day.categories.size(), 100U);
    EXPECT_EQ(day.categories.front().app_category, "Category 149");
    ASSERT_EQ(day.apps.size(), 1U);
    EXPECT_EQ(day.apps.front().total_time.ms, 150 * 151 / 2 * k_minute_ms) << "an app of many parts";
    EXPECT_EQ(day.apps.front().sessions, 150);
    EXPECT_EQ(day.apps.front().app_category, "Category 149");
}

TEST_P(ManyAppsTest, TheExportReadsTheAppsPageByPage) {
    fill(1200, "2026-06-10");
    for (const auto& section : service_->personal_data()) {
        if (section.name != "apps") continue;
        std::set<std::string> names;
        std::size_t pages = 0;
        for (std::optional<std::string> after{""}; after; ++pages) {
            const auto page = run([&]() -> db::Task<personal::Page> { co_return co_await section.read(caller_.user_id, *after); });
            EXPECT_LT(page.json.size(), 200'000U);
            for (auto at = page.json.find("\"app_name\":\""); at != std::string::npos; at = page.json.find("\"app_name\":\"", at + 1))
                names.insert(page.json.substr(at + 12, 9));
            after = page.next;
        }
        EXPECT_EQ(names.size(), 1200U);
        EXPECT_EQ(pages, 3U);
    }
}

TEST_P(ManyAppsTest, AFilterThatFitsManyAppsStillCountsThemAll) {
    use(0, 300, "2026-06-10");
    ListQuery query;
    query.app_name = {"app"};
    EXPECT_EQ(list(query).total, 300);
    query.app_name = {"app 0001"};
    EXPECT_EQ(list(query).total, 10);
}

TEST_P(ManyAppsTest, TodayComesInPages) {
    use(0, 30, "2026-06-15");
    const auto page = run([&]() -> db::Task<TodayList> { co_return co_await service_->today(caller_, 10, 15); });
    EXPECT_EQ(page.total, 30);
    EXPECT_EQ(page.items.size(), 15U);
}

TEST_P(ManyAppsTest, TargetsAreFoundByNameAndPackageInAnyCase) {
    record(R"({"app_name":"Chess","duration_minutes":1,"activity_date":"2026-06-10"})");
    record(R"({"app_name":"Other","app_package":"ORG.chess","duration_minutes":2,"activity_date":"2026-06-10"})");
    record(R"({"app_name":"Other","app_package":"ÉDITEUR.EXE","duration_minutes":4,"activity_date":"2026-06-10"})");
    record(R"({"app_name":"Other","app_package":"else","duration_minutes":8,"activity_date":"2026-06-10"})");
    const auto days = run([&]() -> db::Task<std::vector<TargetDay>> {
        co_return co_await service_->target_days_of(database(), {caller_.user_id}, *Day::parse("2026-06-01"), *Day::parse("2026-06-30"),
                                                    {"chess", "org.chess", "éditeur.exe"});
    });
    ASSERT_EQ(days.size(), 1U);
    EXPECT_EQ(days[0].target_ms, 7 * k_minute_ms);
    EXPECT_EQ(days[0].sessions, 4);
}

} // namespace
} // namespace focus::activities
