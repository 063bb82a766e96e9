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

/// An export on its way: what it holds does not grow with the history.
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

/// Counts equal activities of a file that have no start time to tell them apart. Only their hashes are kept.
class Numbering {
  public:
    int of(const ImportEntry& entry) {
        if (entry.id != 0 || entry.activity.start_time) return 0; // the same moment twice is the same thing
        return counts_[content_id(entry, 0)]++;
    }

  private:
    std::unordered_map<std::string, int> counts_;
};

} // namespace

ExportSource Service::export_all(const Caller& caller, ExportFormat format) {
    auto exporting = std::make_shared<Exporting>(db_, caller.user_id, ExportWriter{format});
    return [exporting] { return next_piece(exporting); };
}

/// A page of a file: what can be stored, and which rows of our own exports they were.
struct Service::ImportPage {
    std::vector<Record> records;
    std::vector<std::pair<std::int64_t, EpochMs>> own; // id and time of recording; id 0: not ours
};

db::Task<void> Service::store_page(Caller caller, Origin origin, ImportPage page, ImportResult& result) {
    std::vector<std::int64_t> ids;
    for (const auto& [id, created_at] : page.own) {
        if (id != 0) ids.push_back(id);
    }
    const auto recorded = co_await repository::find_recorded(db_, caller.user_id, std::move(ids));
    std::vector<Record> records;
    for (std::size_t i = 0; i < page.records.size(); ++i) {
        const auto found = recorded.find(page.own[i].first);
        if (found != recorded.end() && found->second == page.own[i].second)
            ++result.duplicates; // it is still there
        else
            records.push_back(std::move(page.records[i]));
    }
    if (records.empty()) co_return;
    for (const auto& one : co_await store_records(caller, origin, std::move(records))) ++(one.created ? result.created : result.duplicates);
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
                require_valid(record, caller, record.created_at_ms, {"line"});
                record.client_id = content_id(*entry, numbering.of(*entry));
                page.records.push_back(std::move(record));
                page.own.emplace_back(entry->id, entry->created_at_ms);
            } catch (const Error& error) {
                if (++result.failed <= static_cast<std::int64_t>(k_max_reported)) {
                    result.errors.push_back({entry->line, to_wire(error, caller.language)});
                }
            }
        }
        if (page.records.size() == k_import_page || (!more && !page.records.empty())) {
            auto full = std::exchange(page, ImportPage{});
            co_await store_page(caller, origin, std::move(full), result);
            if (progress) progress(source->progress());
        }
    }
    // Its pages are harmless to repeat, each for itself; the answer is kept once all are in.
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
            json::append(page.json, to_wire(record));
        }
        if (std::ssize(records) == k_export_page) {
            page.next = encode_cursor(repository::cursor_at(records.back(), {SortField::created_at, false}, false), k_list);
        }
        co_return page;
    };
    const auto apps = [this](std::int64_t user_id, std::string) -> db::Task<personal::Page> {
        Caller owner;
        owner.user_id = user_id;
        const auto known = co_await this->apps(owner);
        auto list = json::write(known);
        co_return personal::Page{list.substr(1, list.size() - 2), std::nullopt};
    };
    return {{.name = "activities", .read = activities}, {.name = "apps", .read = apps}};
}

} // namespace focus::activities
