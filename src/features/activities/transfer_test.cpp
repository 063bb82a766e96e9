#include "support/cpp/activities.hpp"

#include <format>

namespace focus::activities {
namespace {

class TransferTest : public testing::ActivitiesTest {
  protected:
    std::string export_all(ExportFormat format) {
        std::string file;
        const auto source = service_->export_all(caller_, format);
        for (;;) {
            const auto piece = run([&]() -> db::Task<std::optional<std::string>> { co_return co_await source(); });
            if (!piece) return file;
            EXPECT_LT(piece->size(), 400'000U);
            file += *piece;
        }
    }
    ImportResult import_file(std::string_view file, ImportProgress progress = {}) {
        return run([&]() -> db::Task<ImportResult> { co_return co_await service_->import_file(caller_, {}, file, progress); });
    }
    /// The format of older exports.
    static std::string without_client_ids(std::string_view csv) {
        std::string file;
        for (std::size_t at = 0; at < csv.size();) {
            const auto end = csv.find("\r\n", at);
            const auto line = csv.substr(at, end - at);
            (file += line.substr(0, line.rfind(','))) += "\r\n";
            at = end + 2;
        }
        return file;
    }
    void fill(int count) {
        for (int first = 0; first < count; first += 1000) {
            set_now(std::format("2026-06-15T12:00:{:02}Z", first / 1000));
            std::string items;
            for (int i = first; i < std::min(count, first + 1000); ++i) {
                items += std::format(
                    R"({}{{"app_name":"App {}","duration_minutes":{},"activity_date":"2026-06-{:02}","start_time":"2026-06-01T10:00:00Z"}})",
                    i > first ? "," : "", i % 11, i % 60, 1 + i % 14);
            }
            batch("{\"activities\":[" + items + "]}");
        }
    }
};
FOCUS_TEST_ON_EACH_DATABASE(TransferTest);

TEST_P(TransferTest, AnExportImportedByItsOwnerAddsNothing) {
    fill(1234);
    for (const auto format : {ExportFormat::csv, ExportFormat::json}) {
        const auto result = import_file(export_all(format));
        EXPECT_EQ(result.created, 0);
        EXPECT_EQ(result.duplicates, 1234);
        EXPECT_EQ(result.failed, 0);
    }
    EXPECT_EQ(list({}).total, 1234);
}

TEST_P(TransferTest, AnExportBringsEverythingIntoAnotherAccountOnce) {
    fill(1234);
    const auto csv = export_all(ExportFormat::csv);
    const auto json = export_all(ExportFormat::json);
    const auto total = daily("2026-06-03").total_time;
    caller_ = new_caller("bob");
    std::vector<double> progress;
    EXPECT_EQ(import_file(csv, [&](double part) { progress.push_back(part); }).created, 1234);
    EXPECT_EQ(progress.size(), 2U);
    EXPECT_EQ(progress.back(), 1.0);
    EXPECT_EQ(import_file(csv).duplicates, 1234);
    EXPECT_EQ(import_file(json).duplicates, 1234); // the same rows in the other format
    EXPECT_EQ(list({}).total, 1234);
    EXPECT_EQ(daily("2026-06-03").total_time, total);
}

TEST_P(TransferTest, WhatWasDeletedComesBack) {
    fill(3);
    const auto file = export_all(ExportFormat::csv);
    remove(list({}).items.front().id);
    const auto result = import_file(file);
    EXPECT_EQ(result.created, 1);
    EXPECT_EQ(result.duplicates, 2);
    EXPECT_EQ(list({}).total, 3);
}

TEST_P(TransferTest, ClientIdsGoAlongSoThatAPhoneDoesNotCountTwice) {
    const auto* items = R"({"activities":[{"app_name":"A","duration_minutes":1,"activity_date":"2026-06-01","client_id":"=c1"},
                                          {"app_name":"B","duration_minutes":2,"activity_date":"2026-06-01"}]})";
    batch(items);
    const auto csv = export_all(ExportFormat::csv);
    const auto json = export_all(ExportFormat::json);
    EXPECT_TRUE(json.contains(R"("client_id":"=c1"})") && json.contains(R"("client_id":null})")) << json;
    for (const auto* name : {"bob", "carl"}) {
        caller_ = new_caller(name);
        EXPECT_EQ(import_file(name == std::string_view{"bob"} ? csv : json).created, 2);
        const auto again = batch(items);
        EXPECT_EQ(again.results.at(0).status, ItemStatus::duplicate) << "the phone, signed in to the new account";
        EXPECT_EQ(again.results.at(1).status, ItemStatus::created);
        EXPECT_EQ(import_file(csv).duplicates, 2);
        EXPECT_EQ(import_file(json).duplicates, 2);
        EXPECT_EQ(import_file(without_client_ids(csv)).duplicates, 2) << "an older export of the same";
        EXPECT_EQ(list({}).total, 3);
    }
}

TEST_P(TransferTest, AnExportFromBeforeClientIdsIsStillOurs) {
    fill(3);
    const auto result = import_file(without_client_ids(export_all(ExportFormat::csv)));
    EXPECT_EQ(result.format, ImportFormat::focus_csv);
    EXPECT_EQ(result.duplicates, 3);
}

TEST_P(TransferTest, ADeletedActivityWithAClientIdComesBackOnce) {
    const auto* items = R"({"activities":[{"app_name":"A","duration_minutes":1,"activity_date":"2026-06-01","client_id":"c1"}]})";
    remove(*batch(items).results.at(0).id);
    EXPECT_EQ(batch(items).duplicates, 1);
    const auto file = R"([{"id":1,"app_name":"A","duration_minutes":1,"activity_date":"2026-06-01","client_id":"c1"}])";
    EXPECT_EQ(import_file(file).created, 1);
    EXPECT_EQ(import_file(file).duplicates, 1);
    EXPECT_EQ(batch(items).duplicates, 1);
    EXPECT_EQ(list({}).total, 1);
}

TEST_P(TransferTest, NamesFromBeforeTheirRulesStayReadableAndAreReported) {
    fill(2);
    constexpr db::Statement k_break{"test.break", "UPDATE activities SET app_name = ? WHERE id = ?"};
    const auto id = list({}).items.front().id;
    run([&]() -> db::Task<void> { co_await database().execute(k_break, "two\nlines", id); });
    EXPECT_EQ(list({}).items.front().app_name, "two\nlines");
    for (const auto format : {ExportFormat::csv, ExportFormat::json}) {
        const auto file = export_all(format);
        caller_ = new_caller(format == ExportFormat::csv ? "bob" : "carl");
        const auto result = import_file(file);
        EXPECT_EQ(result.created, 1);
        ASSERT_EQ(result.failed, 1);
        EXPECT_EQ(result.errors.at(0).error.errors.at(0).loc.size(), format == ExportFormat::csv ? 2U : 1U);
        caller_.user_id = 1;
    }
}

TEST_P(TransferTest, EqualLinesOfAFileAreAllStoredAndOnlyOnce) {
    const auto* file =
        "app,minutes,date\nChess,10,2026-06-01\nChess,10,2026-06-01\nbad,x,2026-06-01\nMail,1,2027-01-01\nChess,10,2026-06-01\n";
    auto result = import_file(file);
    EXPECT_EQ(result.created, 3);
    ASSERT_EQ(result.failed, 2);
    EXPECT_EQ(result.errors.at(0).line, 4);
    EXPECT_EQ(result.errors.at(1).line, 5);
    EXPECT_EQ(result.errors.at(1).error.code, "date_in_future");
    result = import_file(file);
    EXPECT_EQ(result.created, 0);
    EXPECT_EQ(result.duplicates, 3);
    EXPECT_EQ(daily("2026-06-01").sessions, 3);
}

TEST_P(TransferTest, AFileOfAnotherKindStoresNothing) {
    EXPECT_THROW(import_file("%PDF-1.7"), Error);
    EXPECT_THROW(import_file(R"([{"app_name":"A","duration_minutes":5,"activity_date":"2026-03-01"},)"), Error);
    EXPECT_EQ(list({}).total, 0);
}

TEST_P(TransferTest, AnEmptyHistory) {
    EXPECT_EQ(export_all(ExportFormat::json), "[\n]\n");
    EXPECT_TRUE(export_all(ExportFormat::csv).starts_with("id,app_name,"));
}

} // namespace
} // namespace focus::activities
