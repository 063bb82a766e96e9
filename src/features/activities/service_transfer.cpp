#include "core/idempotency/idempotency.hpp"
#include "features/activities/import.hpp"
#include "features/activities/list_repository.hpp"
#include "features/activities/recording.hpp"
#include "features/activities/repository.hpp"
#include "features/activities/service.hpp"

#include <unordered_map>

namespace focus::activities {

namespace {

constexpr std::int64_t k_export_page = 500;
constexpr std::size_t k_import_page = 1000;
constexpr std::size_t k_max_reported = 1000;

/// A running export: its memory does not grow with the history.
struct Exporting {
    db::Database& database;
    std::int64_t user_id;
    ExportWriter writer;
    std::optional<Cursor> after{};
    bool begun = false;
    bool done = false;
};

db::Task<std::optional<std::string>> next_piece(std::shared_ptr<Exporting> exporting) {
    if (exporting->done) co_return std::nullopt;
    std::string piece;
    if (!exporting->begun) exporting->writer.begin(piece);
    exporting->begun = true;
    const auto records = co_await repository::history(exporting->database, exporting->user_id, exporting->after, k_export_page);
    exporting->writer.append(piece, records);
    if (!records.empty()) exporting->after = repository::cursor_at(records.back(), {SortField::created_at, false}, false);
    if (std::ssize(records) < k_export_page) {
        exporting->done = true;
        exporting->writer.end(piece);
    }
    co_return piece;
}

/// Counts equal activities of a file that have no start time to distinguish them. Only their hashes are kept.
class Numbering {
  public:
    int of(const ImportEntry& entry) {
        if (entry.id != 0 || entry.activity.start_time) return 0; // the same start means the same activity
        return counts_[content_id(entry, 0)]++;
    }

  private:
    std::unordered_map<std::string, int> counts_;
};

void report(ImportResult& result, std::int64_t line, const Error& error, Language language) {
    if (++result.failed <= static_cast<std::int64_t>(k_max_reported)) result.errors.push_back({line, to_wire(error, language)});
}

} // namespace

ExportSource Service::export_all(const Caller& caller, ExportFormat format) {
    auto exporting = std::make_shared<Exporting>(db_, caller.user_id, ExportWriter{format});
    return [exporting] { return next_piece(exporting); };
}

/// A page of a file: the activities that can be stored.
struct Service::ImportPage {
    struct Row {
        NewRecord stored; // its client_id is computed from its content
        std::int64_t line = 0;
        std::optional<std::string> client_id; // from its export
        // The row of our own exports; id 0: none.
        std::int64_t id = 0;
        EpochMs created_at_ms = 0;
    };
    std::vector<Row> rows;
};

/// Removes activities that still exist. The others keep their former client_id, so that a phone that sends them again
/// adds no duplicate; if the activity was deleted, its client_id stays used and they are stored by content id.
db::Task<std::size_t> Service::drop_known(std::int64_t user_id, ImportPage& page) {
    std::vector<std::string> client_ids;
    std::vector<std::int64_t> ids;
    for (const auto& row : page.rows) {
        if (row.id != 0) ids.push_back(row.id);
        if (row.client_id) client_ids.push_back(*row.client_id);
    }
    const auto known = co_await repository::find_client_ids(db_, user_id, std::move(client_ids));
    for (const auto& [client_id, id] : known) ids.push_back(id);
    const auto recorded = co_await repository::find_recorded(db_, user_id, std::move(ids));
    std::vector<ImportPage::Row> left;
    for (auto& row : page.rows) {
        const auto found = recorded.find(row.id);
        if (found != recorded.end() && found->second == row.created_at_ms) continue;
        if (row.client_id) {
            const auto used = known.find(*row.client_id);
            if (used != known.end() && recorded.contains(used->second)) continue;
            if (used == known.end()) row.stored.content_id = std::exchange(row.stored.record.client_id, std::move(row.client_id));
        }
        left.push_back(std::move(row));
    }
    const auto dropped = page.rows.size() - left.size();
    page.rows = std::move(left);
    co_return dropped;
}

db::Task<void> Service::store_page(Caller caller, Origin origin, ImportPage page, ImportResult& result) {
    result.duplicates += static_cast<std::int64_t>(co_await drop_known(caller.user_id, page));
    if (page.rows.empty()) co_return;
    std::vector<NewRecord> records;
    for (auto& row : page.rows) records.push_back(std::move(row.stored));
    const auto stored = co_await store_records(caller, origin, std::move(records));
    for (std::size_t i = 0; i < stored.size(); ++i) {
        if (stored[i].refused)
            report(result, page.rows[i].line, TooManyApps{}, caller.language);
        else
            ++(stored[i].created ? result.created : result.duplicates);
    }
}

db::Task<ImportResult> Service::import_file(Caller caller, Origin origin, std::string_view file, ImportProgress progress) {
    const auto source = open_import(file, caller.zone);
    ImportResult result{.format = source->format()};
    Numbering numbering;
    ImportPage page;
    for (bool more = true; more;) {
        auto entry = source->next();
        more = entry.has_value();
        if (entry) {
            try {
                if (!entry->faults.empty()) throw invalid_input(std::move(entry->faults));
                auto record = to_record(caller, entry->activity, clock_.now_ms());
                require_valid(record, caller, record.created_at.ms, {"line"});
                record.client_id = content_id(*entry, numbering.of(*entry));
                page.rows.push_back({.stored = {.record = std::move(record)},
                                     .line = entry->line,
                                     .client_id = std::move(entry->client_id),
                                     .id = entry->id,
                                     .created_at_ms = entry->created_at_ms});
            } catch (const Error& error) {
                report(result, entry->line, error, caller.language);
            }
        }
        if (page.rows.size() == k_import_page || (!more && !page.rows.empty())) {
            auto full = std::exchange(page, ImportPage{});
            co_await store_page(caller, origin, std::move(full), result);
            if (progress) progress(source->progress());
        }
    }
    // Each page can be repeated safely; the answer is stored once all pages are stored.
    if (origin.request_key) {
        co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
            idempotency::keep(tx, origin, result, clock_.now_ms(), 200);
            co_return;
        });
    }
    co_return result;
}

std::vector<personal::Section> Service::personal_data() {
    const auto activities = [this](std::int64_t user_id, std::string after) -> db::Task<personal::Page> {
        constexpr std::string_view k_list = "personal";
        const auto records = co_await repository::history(db_, user_id, decode_cursor(after, k_list), k_export_page);
        personal::Page page;
        for (const auto& record : records) {
            if (!page.json.empty()) page.json += ",\n";
            append_exported(page.json, record);
        }
        if (std::ssize(records) == k_export_page) {
            page.next = encode_cursor(repository::cursor_at(records.back(), {SortField::created_at, false}, false), k_list);
        }
        co_return page;
    };
    const auto apps = [this](std::int64_t user_id, std::string after) { return personal_apps(user_id, std::move(after)); };
    return {{.name = "activities", .read = activities}, {.name = "apps", .read = apps}};
}

} // namespace focus::activities
