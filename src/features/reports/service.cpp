#include "features/reports/service.hpp"

#include "features/reports/rules.hpp"

namespace focus::reports {

namespace {

/// The state of an export.
struct Exporting {
    std::shared_ptr<const std::vector<personal::Section>> sections;
    std::int64_t user_id;
    EpochMs now;
    std::size_t at = 0;      // the section
    bool in_section = false; // its first page was returned
    std::string after{};     // in the section
    bool has_values = false; // of the section
    bool begun = false;
    bool ended = false;
};

void open_section(Exporting& exporting, std::string& out) {
    out += ",\n";
    json::append_string(out, exporting.sections->at(exporting.at).name);
    out += exporting.sections->at(exporting.at).is_single ? ": " : ": [";
    exporting.in_section = true;
    exporting.has_values = false;
    exporting.after.clear();
}

void close_section(Exporting& exporting, std::string& out) {
    if (!exporting.sections->at(exporting.at).is_single)
        out += exporting.has_values ? "\n]" : "]";
    else if (!exporting.has_values)
        out += "null";
    exporting.in_section = false;
    ++exporting.at;
}

db::Task<std::optional<std::string>> next_piece(std::shared_ptr<Exporting> exporting) {
    if (exporting->ended) co_return std::nullopt;
    std::string out;
    if (!exporting->begun) out = "{\"exported_at\": " + json::write(json::Timestamp{exporting->now});
    exporting->begun = true;
    if (exporting->at == exporting->sections->size()) {
        exporting->ended = true;
        out += "\n}\n";
        co_return out;
    }
    const auto& section = exporting->sections->at(exporting->at);
    if (!exporting->in_section) open_section(*exporting, out);
    const auto page = co_await section.read(exporting->user_id, exporting->after);
    if (!page.json.empty()) {
        if (!section.is_single) out += exporting->has_values ? ",\n" : "\n";
        out += page.json;
        exporting->has_values = true;
    }
    if (page.next)
        exporting->after = *page.next;
    else
        close_section(*exporting, out);
    co_return out;
}

} // namespace

db::Task<UserStats> Service::stats(Caller caller) {
    const auto today = caller.zone.day_of(clock_.now_ms());
    const auto totals = co_await activities_.totals(caller);
    const auto days = co_await activities_.days_with_data(caller);
    UserStats stats{.total_time_minutes = totals.total_time,
                    .activities_count = totals.activities,
                    .apps_used = totals.apps_used,
                    .most_used_app = totals.most_used_app};
    stats.today = co_await activities_.daily(caller, today);
    stats.this_week = co_await activities_.last_days(caller, 7, today);
    stats.progress_vs_limit = stats.today.limit_used_percent;
    const auto limit = stats.today.daily_limit_minutes;
    const auto streaks = rules::streaks(days, limit ? std::optional{limit->ms} : std::nullopt, today);
    stats.current_streak_days = streaks.current;
    stats.longest_streak_days = streaks.longest;
    const auto record = co_await db_.get(challenges::Service::record(caller.user_id));
    stats.challenges_participated = record.participated;
    stats.challenges_won = record.won;
    co_return stats;
}

Service::Source Service::export_all(const Caller& caller) {
    auto exporting = std::make_shared<Exporting>(sections_, caller.user_id, clock_.now_ms());
    return [exporting] { return next_piece(exporting); };
}

void Service::add_section(personal::Section section) { sections_->push_back(std::move(section)); }

} // namespace focus::reports
