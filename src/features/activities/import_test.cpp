#include "features/activities/import.hpp"

#include "features/activities/export.hpp"

#include <gtest/gtest.h>

#include <random>

namespace focus::activities {
namespace {

std::vector<ImportEntry> read(std::string_view file, ImportFormat format, Zone zone = {}) {
    std::vector<ImportEntry> entries;
    const auto source = open_import(file, zone);
    EXPECT_EQ(source->format(), format);
    while (auto entry = source->next()) entries.push_back(std::move(*entry));
    EXPECT_EQ(source->progress(), 1.0);
    return entries;
}

EpochMs at(std::string_view text) { return *parse_rfc3339(text); }

Record sample(int number) {
    Record record;
    record.id = number;
    record.user_id = 7;
    record.app_name = number % 2 == 0 ? "=HYPERLINK(\"x\")" : "It's, \"quoted\"";
    record.app_package = number % 3 == 0 ? "" : "org.example";
    record.app_category = "'-x";
    record.duration_minutes.ms = 740'700 + number;
    record.activity_date = *Day::parse("2026-03-29");
    if (number % 2 == 0) {
        record.start_ms = at("2026-03-29T00:30:00.001Z");
        record.end_ms = at("2026-03-29T01:30:00Z");
    }
    record.device_type = "+phone";
    if (number % 5 != 0) record.session_id = "@s";
    record.created_at = {at("2026-03-29T02:00:00Z") + number};
    record.updated_at = record.created_at;
    return record;
}

TEST(Import, ReadsBackWhatWasExported) {
    std::vector<Record> records;
    for (int i = 1; i <= 30; ++i) records.push_back(sample(i));
    for (const auto format : {ExportFormat::csv, ExportFormat::json}) {
        ExportWriter writer{format};
        std::string file;
        writer.begin(file);
        writer.append(file, {records.begin(), records.begin() + 11});
        writer.append(file, {records.begin() + 11, records.end()});
        writer.end(file);
        const auto entries = read(file, format == ExportFormat::csv ? ImportFormat::focus_csv : ImportFormat::focus_json);
        ASSERT_EQ(entries.size(), records.size());
        for (std::size_t i = 0; i < records.size(); ++i) {
            const auto& activity = entries[i].activity;
            const auto& record = records[i];
            EXPECT_TRUE(entries[i].faults.empty());
            EXPECT_EQ(entries[i].id, record.id);
            EXPECT_EQ(entries[i].created_at_ms, record.created_at.ms);
            EXPECT_EQ(activity.app_name.value, record.app_name);
            EXPECT_EQ(activity.app_package ? activity.app_package->value : "", record.app_package);
            EXPECT_EQ(activity.app_category->value, record.app_category);
            EXPECT_EQ(activity.duration_minutes.value.ms, record.duration_minutes.ms);
            EXPECT_EQ(activity.activity_date->value, record.activity_date);
            EXPECT_EQ(activity.start_time ? std::optional{activity.start_time->ms} : std::nullopt, record.start_ms);
            EXPECT_EQ(activity.end_time ? std::optional{activity.end_time->ms} : std::nullopt, record.end_ms);
            EXPECT_EQ(activity.device_type->value, *record.device_type);
            EXPECT_EQ(activity.session_id ? std::optional{activity.session_id->value} : std::nullopt, record.session_id);
        }
    }
}

TEST(Import, NoCellOfAnExportIsAFormula) {
    ExportWriter writer{ExportFormat::csv};
    std::string file;
    writer.append(file, {sample(2)});
    EXPECT_TRUE(file.starts_with("2,\"'=HYPERLINK(\"\"x\"\")\",org.example,''-x,12.345")) << file;
    EXPECT_TRUE(file.contains(",'+phone,'@s,")) << file;
}

TEST(Import, AnEmptyExport) {
    for (const auto format : {ExportFormat::csv, ExportFormat::json}) {
        ExportWriter writer{format};
        std::string file;
        writer.begin(file);
        writer.end(file);
        EXPECT_TRUE(read(file, format == ExportFormat::csv ? ImportFormat::focus_csv : ImportFormat::focus_json).empty());
    }
}

TEST(Import, OtherCsvFiles) {
    const auto paris = Zone::of("Europe/Paris");
    auto entries =
        read("App;Durée (min);Duration (min);Date\nChess;x;12,5;2026-03-01\n\nMail;;0.25;2026-03-02\n", ImportFormat::csv, paris);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].activity.duration_minutes.value.ms, 750'000);
    EXPECT_EQ(entries[1].line, 4);
    EXPECT_EQ(entries[1].activity.duration_minutes.value.ms, 15'000);

    entries =
        read("application\tstart\tend\nChess\t2026-03-29 01:30\t2026-03-29 03:30:30\n", ImportFormat::csv, paris); // the night of 23 hours
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].activity.start_time->ms, at("2026-03-29T00:30:00Z"));
    EXPECT_EQ(entries[0].activity.end_time->ms, at("2026-03-29T01:30:30Z"));
    EXPECT_EQ(entries[0].activity.duration_minutes.value.ms, 3'630'000);

    entries =
        read("name,seconds,timestamp,package\nA,90,2026-03-01T10:00:00+02:00,org.a\nB,1,2026-03-01 10:00:00+02:00,\n", ImportFormat::csv);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].activity.duration_minutes.value.ms, 90'000);
    EXPECT_EQ(entries[0].activity.start_time->ms, at("2026-03-01T08:00:00Z"));
    EXPECT_EQ(entries[0].activity.app_package->value, "org.a");
    EXPECT_EQ(entries[1].activity.start_time->ms, at("2026-03-01T08:00:00Z"));
    EXPECT_FALSE(entries[1].activity.app_package);

    entries = read("app,duration,day\nA,1:30,2026-03-01\nB,0:00:30,2026-03-01\nC,7,2026-03-01\n", ImportFormat::csv);
    EXPECT_EQ(entries.at(0).activity.duration_minutes.value.ms, 90 * k_minute_ms);
    EXPECT_EQ(entries.at(1).activity.duration_minutes.value.ms, 30'000);
    EXPECT_EQ(entries.at(2).activity.duration_minutes.value.ms, 7 * k_minute_ms);
}

TEST(Import, WrongLinesAreNamedAndTheRestIsRead) {
    const auto entries = read("app,minutes,date\n,5,2026-03-01\nA,-1,2026-03-01\nA,x,2026-02-30\nA,5,\n\"A,5,2026-03-01\nA,5\nA,5,2026-03-"
                              "01,more\n\xff,5,2026-03-01\n",
                              ImportFormat::csv);
    std::vector<std::pair<std::int64_t, std::size_t>> faults;
    for (const auto& entry : entries) faults.emplace_back(entry.line, entry.faults.size());
    EXPECT_EQ(faults, (std::vector<std::pair<std::int64_t, std::size_t>>{{2, 1}, {3, 1}, {4, 2}, {5, 1}, {6, 1}, {7, 1}, {8, 0}, {9, 1}}));
}

TEST(Import, FilesOfAnotherKind) {
    for (const std::string_view file :
         {"", "  \n", "hello", "a,b,c\n1,2,3\n", "app,minutes\nA,5\n", "date,minutes\n2026-01-01,5\n", "{}", "{\"buckets\":[]}", "\"text\"",
          "[1", "{\"activities\":7}", "\x89PNG\r\n\x1a\n", "PK\x03\x04", "\"app,minutes,date\nx"}) {
        try {
            (void)open_import(file, {});
            ADD_FAILURE() << file;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid) << file;
        }
    }
}

TEST(Import, JsonItemsAreCheckedOneByOne) {
    const auto entries = read(R"([{"app_name":"A","duration_minutes":5,"activity_date":"2026-03-01"},7,{"app_name":"A"},
                                  {"app_name":"A","duration_minutes":5},{"app_name":"B","duration_minutes":1,"start_time":"2026-03-01T10:00:00Z"}])",
                              ImportFormat::focus_json);
    ASSERT_EQ(entries.size(), 5U);
    EXPECT_EQ(entries[0].faults.size() + entries[4].faults.size(), 0U);
    for (const std::size_t i : {1U, 2U, 3U}) EXPECT_EQ(entries[i].faults.size(), 1U) << i;
    EXPECT_EQ(entries[3].line, 4);
    EXPECT_EQ(read(R"({"exported_at":"x","activities":[{"app_name":"A","duration_minutes":5,"activity_date":"2026-03-01"}]})",
                   ImportFormat::focus_json)
                  .size(),
              1U);
}

TEST(Import, ActivityWatch) {
    const auto entries = read(R"({"buckets":{
        "aw-watcher-window_laptop":{"type":"currentwindow","hostname":"laptop","client":"aw-watcher-window","events":[
            {"timestamp":"2026-03-01T10:00:00.000000+00:00","duration":600.5,"data":{"app":"firefox","title":"secret"}},
            {"timestamp":"2026-03-01T11:00:00+00:00","duration":60,"data":{"app":"code"}},
            {"timestamp":"2026-03-01T12:00:00+00:00","duration":0,"data":{"app":"code"}},
            {"timestamp":"yesterday","duration":1,"data":{"app":"code"}},
            {"timestamp":"2026-03-01T12:00:00Z","duration":1,"data":{"title":"no app"}}]},
        "aw-watcher-afk_laptop":{"type":"afkstatus","hostname":"laptop","events":[
            {"timestamp":"2026-03-01T10:09:00Z","duration":120,"data":{"status":"not-afk"}},
            {"timestamp":"2026-03-01T10:01:00Z","duration":60,"data":{"status":"not-afk"}},
            {"timestamp":"2026-03-01T10:02:00Z","duration":30,"data":{"status":"not-afk"}},
            {"timestamp":"2026-03-01T10:00:00Z","duration":86400,"data":{"status":"afk"}}, "nonsense"]},
        "aw-watcher-android-test":{"type":"currentwindow","hostname":"unknown","client":"aw-android","events":[
            {"timestamp":"2026-03-01T13:00:00Z","duration":30,"data":{"app":"Chess","package":"org.chess","classname":"x"}}]},
        "aw-watcher-web":{"type":"web.tab.current","events":[{"timestamp":"2026-03-01T13:00:00Z","duration":30,"data":{"url":"x"}}]}}})",
                              ImportFormat::activitywatch);
    ASSERT_EQ(entries.size(), 5U);
    const auto stretch = [&](std::size_t i) { return std::pair{entries[i].activity.start_time->ms, entries[i].activity.end_time->ms}; };
    // Android comes first or last by the order of the file; the laptop's activities keep their order.
    EXPECT_EQ(stretch(0), (std::pair{at("2026-03-01T10:01:00Z"), at("2026-03-01T10:02:30Z")}));
    EXPECT_EQ(stretch(1), (std::pair{at("2026-03-01T10:09:00Z"), at("2026-03-01T10:10:00.500Z")}));
    EXPECT_EQ(entries[0].activity.app_name.value, "firefox");
    EXPECT_EQ(entries[0].activity.device_type->value, "desktop");
    EXPECT_EQ(entries[0].activity.duration_minutes.value.ms, 90'000);
    EXPECT_EQ(entries[2].line, 4);
    EXPECT_FALSE(entries[2].faults.empty());
    EXPECT_FALSE(entries[3].faults.empty());
    EXPECT_EQ(entries[4].activity.app_name.value, "Chess");
    EXPECT_EQ(entries[4].activity.app_package->value, "org.chess");
    EXPECT_EQ(entries[4].activity.device_type->value, "phone");
}

TEST(Import, ContentIdsTellDifferentThingsApart) {
    ImportEntry one;
    one.activity.app_name.value = "Chess";
    const auto id = content_id(one, 0);
    EXPECT_EQ(content_id(one, 0), id);
    EXPECT_LE(id.size(), 100U);
    EXPECT_NE(content_id(one, 1), id);
    auto other = one;
    other.activity.app_name.value = "CHESS";
    EXPECT_EQ(content_id(other, 0), id);
    other.activity.duration_minutes.value.ms = 1;
    EXPECT_NE(content_id(other, 0), id);
    other = one;
    other.activity.app_category = {"Chess"};
    EXPECT_NE(content_id(other, 0), id);
}

TEST(Import, NonsenseNeverEndsTheProcess) {
    const std::string seeds[] = {
        "app,minutes,date,start\n\"A\",5,2026-03-01,2026-03-29 02:30\r\nB,1:00,2026-03-02,\n",
        R"([{"app_name":"A","duration_minutes":5,"activity_date":"2026-03-01","id":3,"created_at":"2026-03-01T10:00:00Z"}])",
        R"({"buckets":{"w":{"type":"currentwindow","hostname":"h","events":[{"timestamp":"2026-03-01T10:00:00Z","duration":1e308,"data":{"app":"x"}}]},"a":{"type":"afkstatus","hostname":"h","events":[{"timestamp":"9999-12-31T10:00:00Z","duration":1e18,"data":{"status":"not-afk"}}]}}})"};
    std::mt19937 random{2};
    for (int i = 0; i < 30'000; ++i) {
        auto file = seeds[static_cast<std::size_t>(i) % 3];
        for (auto changes = 1 + random() % 4; changes > 0; --changes) file[random() % file.size()] = static_cast<char>(random());
        try {
            const auto source = open_import(file, Zone::of("Europe/Paris"));
            while (const auto entry = source->next()) EXPECT_GT(entry->line, 0);
        } catch (const Error&) { // refused
        }
    }
}

} // namespace
} // namespace focus::activities
