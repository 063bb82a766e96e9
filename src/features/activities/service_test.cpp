#include "support/cpp/activities.hpp"

#include <algorithm>
#include <format>
#include <random>

namespace focus::activities {
namespace {

class ActivitiesServiceTest : public testing::ActivitiesTest {
  protected:
    std::vector<std::int64_t> ids(const Listed& listed) {
        std::vector<std::int64_t> ids;
        for (const auto& item : listed.items) ids.push_back(item.id);
        return ids;
    }
    /// Every page from the first to the last; each next page's cursor must lead back to the previous one.
    std::vector<Activity> walk(ListQuery query) {
        std::vector<Activity> all;
        std::vector<std::int64_t> before;
        for (;;) {
            const auto page = list(query);
            all.insert(all.end(), page.items.begin(), page.items.end());
            EXPECT_EQ(page.previous_cursor.empty(), before.empty());
            if (!before.empty()) {
                auto back = query;
                back.cursor = {page.previous_cursor};
                EXPECT_EQ(ids(list(back)), before);
            }
            before = ids(page);
            if (page.next_cursor.empty()) return all;
            query.cursor = {page.next_cursor};
        }
    }
};
FOCUS_TEST_ON_EACH_DATABASE(ActivitiesServiceTest);

std::string batch_json(int first, int count, std::string_view extra = "") {
    std::string items;
    for (int i = first; i < first + count; ++i) {
        if (!items.empty()) items += ',';
        items += std::format(R"({{"app_name":"App {}","duration_minutes":{},"client_id":"c{}"{}}})", i % 7, i % 60, i, extra);
    }
    return "{\"activities\":[" + items + "]}";
}

TEST_P(ActivitiesServiceTest, ABatchStoresWhatIsRightAndNamesWhatIsWrong) {
    const auto result = batch(R"({"activities":[
        {"app_name":"A","duration_minutes":1,"client_id":"one"},
        {"app_name":"","duration_minutes":-1,"client_id":"two"},
        {"app_name":"A","duration_minutes":2,"client_id":"one"},
        {"app_name":"B","duration_minutes":4},
        "nonsense",
        {"app_name":"C","duration_minutes":8,"activity_date":"2026-06-16"},
        {"app_name":"C","duration_minutes":8,"start_time":"2026-06-01T10:00:00Z","end_time":"2026-06-01T09:00:00Z"},
        {"app_name":"C","duration_minutes":8,"client_id":""}]})");
    EXPECT_EQ(result.created, 2);
    EXPECT_EQ(result.duplicates, 1);
    EXPECT_EQ(result.failed, 5);
    ASSERT_EQ(result.results.size(), 8U);
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(result.results[i].index, static_cast<std::int64_t>(i));
    EXPECT_EQ(result.results[0].status, ItemStatus::created);
    EXPECT_EQ(result.results[2].status, ItemStatus::duplicate);
    EXPECT_EQ(result.results[2].id, result.results[0].id);
    EXPECT_EQ(result.results[1].client_id, "two");
    ASSERT_TRUE(result.results[1].error);
    EXPECT_EQ(result.results[1].error->code, "validation_error");
    ASSERT_EQ(result.results[1].error->errors.size(), 2U);
    EXPECT_EQ(json::write(result.results[1].error->errors[0].loc), R"(["body","activities",1,"app_name"])");
    EXPECT_EQ(result.results[4].error->errors.size(), 1U);
    EXPECT_EQ(result.results[5].error->code, "date_in_future");
    EXPECT_EQ(json::write(result.results[6].error->errors[0].loc), R"(["body","activities",6,"end_time"])");
    EXPECT_EQ(json::write(result.results[7].error->errors[0].loc), R"(["body","activities",7,"client_id"])");
    EXPECT_EQ(daily("2026-06-15").total_time.ms, 5 * k_minute_ms);
    EXPECT_EQ(list({}).total, 2);
}

TEST_P(ActivitiesServiceTest, ABatchSentAgainAddsNothing) {
    const auto first = batch(batch_json(0, 1000));
    EXPECT_EQ(first.created, 1000);
    const auto again = batch(batch_json(0, 1000));
    EXPECT_EQ(again.duplicates, 1000);
    for (std::size_t i = 0; i < 1000; ++i) ASSERT_EQ(again.results[i].id, first.results[i].id);
    EXPECT_EQ(batch(batch_json(500, 1000)).created, 500);
    EXPECT_EQ(list({}).total, 1500);
}

TEST_P(ActivitiesServiceTest, TheIdsOfABatchAreThoseOfItsRows) {
    const auto result = batch(batch_json(0, 700));
    for (const std::size_t i : {0U, 1U, 499U, 500U, 699U}) {
        const auto activity = run([&]() -> db::Task<Activity> { co_return co_await service_->get(caller_, *result.results[i].id); });
        EXPECT_EQ(activity.duration_minutes.ms, static_cast<std::int64_t>(i % 60) * k_minute_ms);
        EXPECT_EQ(activity.app_name, std::format("App {}", i % 7));
    }
}

TEST_P(ActivitiesServiceTest, ADeletedActivitysClientIdStaysUsed) {
    const auto id = *batch(batch_json(0, 1)).results[0].id;
    remove(id);
    const auto again = batch(batch_json(0, 1));
    EXPECT_EQ(again.results[0].status, ItemStatus::duplicate);
    EXPECT_EQ(again.results[0].id, id);
    EXPECT_EQ(list({}).total, 0);
}

TEST_P(ActivitiesServiceTest, ClientIdsArePerUser) {
    batch(batch_json(0, 5));
    const auto mine = caller_;
    caller_ = new_caller("bob");
    EXPECT_EQ(batch(batch_json(0, 5)).created, 5);
    caller_ = mine;
    EXPECT_EQ(list({}).total, 5);
}

TEST_P(ActivitiesServiceTest, BatchesAtOnceStoreEachClientIdOnce) {
    constexpr int k_senders = 4; // each overlaps the next by 90
    constexpr int k_distinct = 100 + 10 * (k_senders - 1);
    std::vector<BatchResult> results;
    run([&]() -> db::Task<void> {
        co_await db::testing::together(k_senders, [&](int sender) -> db::Task<void> {
            auto batch = json::parse<NewBatch>(batch_json(sender * 10, 100));
            auto result = co_await service_->create_batch(caller_, {}, std::move(batch));
            results.push_back(std::move(result));
        });
    });
    std::int64_t created = 0;
    for (const auto& result : results) {
        created += result.created;
        EXPECT_EQ(result.created + result.duplicates, 100);
    }
    EXPECT_EQ(created, k_distinct);
    EXPECT_EQ(list({}).total, k_distinct);
    EXPECT_EQ(daily("2026-06-15").sessions, k_distinct);
}

TEST_P(ActivitiesServiceTest, HooksSeeAWholeBatchAtOnceAndCanUndoIt) {
    int calls = 0;
    std::size_t changes = 0;
    bool refuse = false;
    const auto react = [&](const Recorded& recorded) -> db::Task<void> {
        ++calls;
        changes = recorded.changes.size();
        for (const auto& change : recorded.changes) EXPECT_TRUE(!change.before && change.after && change.after->id > 0);
        if (refuse) throw not_found();
        co_return;
    };
    service_->on_recorded(
        [&react](const Recorded& recorded, db::Batch&) { return [&react, &recorded](db::Transaction&) { return react(recorded); }; });
    batch(batch_json(0, 30));
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(changes, 30U);
    refuse = true;
    EXPECT_THROW(batch(batch_json(100, 30)), Error);
    EXPECT_EQ(list({}).total, 30);
    refuse = false;
    EXPECT_EQ(batch(batch_json(100, 30)).created, 30);
}

TEST_P(ActivitiesServiceTest, PagesInEveryOrder) {
    std::mt19937 random{5};
    for (int i = 0; i < 4; ++i) { // equal in all columns except the id
        set_now(std::format("2026-06-15T12:00:0{}Z", i / 2));
        std::string items;
        for (int k = 0; k < 30; ++k) {
            items +=
                std::format(R"({}{{"app_name":"{}","duration_minutes":{},"activity_date":"2026-06-0{}","device_type":"{}"}})",
                            k > 0 ? "," : "", "ABC"[random() % 3], random() % 4, 1 + random() % 3, random() % 2 != 0 ? "phone" : "tablet");
        }
        batch("{\"activities\":[" + items + "]}");
    }
    for (const auto field : {SortField::created_at, SortField::activity_date, SortField::duration_minutes, SortField::app_name}) {
        for (const bool descending : {false, true}) {
            ListQuery query;
            query.sort = Sort{field, descending};
            query.limit.value = {7};
            const auto all = walk(query);
            ASSERT_EQ(all.size(), 120U);
            const auto key = [field](const Activity& a) {
                switch (field) {
                case SortField::activity_date:
                    return std::tuple{a.activity_date.value.to_string(), std::int64_t{0}, a.created_at.ms, a.id};
                case SortField::duration_minutes:
                    return std::tuple{std::string{}, a.duration_minutes.ms, EpochMs{0}, a.id};
                case SortField::app_name:
                    return std::tuple{a.app_name, std::int64_t{0}, a.created_at.ms, a.id};
                case SortField::created_at:
                    break;
                }
                return std::tuple{std::string{}, std::int64_t{0}, a.created_at.ms, a.id};
            };
            for (std::size_t i = 1; i < all.size(); ++i)
                EXPECT_TRUE(descending ? key(all[i - 1]) > key(all[i]) : key(all[i - 1]) < key(all[i]));
        }
    }
    for (const auto* filter :
         {R"({"app_name":"a"})", R"({"device_type":"phone"})", R"({"date":"2026-06-02"})", R"({"start_date":"2026-06-02"})",
          R"({"app_name":"b","end_date":"2026-06-02","device_type":"tablet"})", R"({"category":"other","date":"2026-06-01"})"}) {
        auto query = json::parse<ListQuery>(filter);
        query.limit.value = {7};
        const auto listed = list(query);
        const auto all = walk(query);
        EXPECT_EQ(listed.total, static_cast<std::int64_t>(all.size())) << filter;
        EXPECT_GT(listed.total, 7) << filter;
        for (std::size_t i = 1; i < all.size(); ++i) {
            EXPECT_GT(std::pair(all[i - 1].created_at.ms, all[i - 1].id), std::pair(all[i].created_at.ms, all[i].id)) << filter;
        }
    }
}

TEST_P(ActivitiesServiceTest, SkipStillWorks) {
    batch(batch_json(0, 10));
    const auto all = ids(list({}));
    ListQuery query;
    query.skip.value = {4};
    query.limit.value = {3};
    EXPECT_EQ(ids(list(query)), (std::vector(all.begin() + 4, all.begin() + 7)));
    query.skip.value = {100};
    EXPECT_TRUE(list(query).items.empty());
}

TEST_P(ActivitiesServiceTest, ACursorOfAnotherListIsRefused) {
    batch(batch_json(0, 10));
    ListQuery query;
    query.limit.value = {3};
    const auto cursor = list(query).next_cursor;
    ASSERT_FALSE(cursor.empty());
    for (const auto* other :
         {R"({"sort":"-duration_minutes"})", R"({"sort":"created_at"})", R"({"app_name":"App"})", R"({"date":"2026-06-15"})"}) {
        auto wrong = json::parse<ListQuery>(other);
        wrong.cursor = {cursor};
        EXPECT_THROW(list(wrong), Error) << other;
    }
    query.cursor = {"nonsense"};
    EXPECT_THROW(list(query), Error);
}

TEST_P(ActivitiesServiceTest, WhatAUserCallsAnAppIsWhatHisStatisticsShow) {
    record(R"({"app_name":"YT","duration_minutes":30,"app_category":"video","activity_date":"2026-06-01"})");
    record(R"({"app_name":"yt","duration_minutes":10,"app_category":"other"})");
    record(R"({"app_name":"Mail","duration_minutes":20,"app_category":"work"})");
    const auto set = [&](std::string name, std::string_view body) {
        return run([&]() -> db::Task<KnownApp> { co_return co_await service_->set_app(caller_, {}, name, json::parse<UpdateApp>(body)); });
    };
    EXPECT_THROW(set("unknown", R"({"display_name":"x"})"), Error);
    const auto app = set("yt", R"({"display_name":"YouTube","app_category":"fun"})");
    EXPECT_EQ(app.app_name, "YT");
    EXPECT_EQ(app.display_name, "YouTube");
    EXPECT_EQ(app.app_category, "fun");
    EXPECT_EQ(app.percentage, 66.67);
    EXPECT_EQ(app.first_used->value.to_string(), "2026-06-01");
    EXPECT_EQ(app.last_used->value.to_string(), "2026-06-15");
    EXPECT_EQ(daily("2026-06-01").most_used_app, "YouTube");
    EXPECT_EQ(daily("2026-06-15").categories.at(1).app_category, "fun");
    const auto stats = [&](std::string name) {
        return run([&]() -> db::Task<AppStats> { co_return co_await service_->app(caller_, name); });
    };
    EXPECT_EQ(stats("YOUTUBE").total_time.ms, 40 * k_minute_ms);
    EXPECT_EQ(stats("yt").app_name, "YouTube");
    EXPECT_THROW(stats("x"), Error);
    EXPECT_EQ(set("youtube", R"({"display_name":null})").app_category, "fun");
    EXPECT_EQ(set("YT", R"({"app_category":null})").app_category, "video");
    EXPECT_EQ(daily("2026-06-15").categories.at(1).app_category, "other");
    const auto mine = caller_;
    caller_ = new_caller("bob");
    EXPECT_THROW(set("yt", R"({"display_name":"x"})"), Error);
    caller_ = mine;
}

TEST_P(ActivitiesServiceTest, RangesHaveLimits) {
    const auto range = [&](std::string_view first, std::string_view last) {
        return run([&]() -> db::Task<Period> { co_return co_await service_->range(caller_, *Day::parse(first), *Day::parse(last)); });
    };
    EXPECT_EQ(range("2024-01-01", "2024-12-31").daily_breakdown.size(), 366U);
    EXPECT_EQ(range("2026-06-15", "2026-06-15").daily_breakdown.size(), 1U);
    EXPECT_THROW(range("2026-06-15", "2026-06-14"), Error);
    EXPECT_THROW(range("2024-01-01", "2025-01-01"), Error);
    EXPECT_NO_THROW(range("0001-01-01", "0001-12-31"));
    EXPECT_NO_THROW(range("9999-01-01", "9999-12-31"));
}

} // namespace
} // namespace focus::activities
