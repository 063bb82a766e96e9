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
    EXPECT_EQ(import_file(json).duplicates, 1234); // the same rows, whatever the format
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
