#include "features/activities/list_repository.hpp"

#include "core/base/fold.hpp"
#include "features/activities/repository.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace focus::activities::repository {

namespace {

constexpr std::int64_t k_few_rows = 2000; // up to so many rows are read and sorted, not searched in the list's order
constexpr std::size_t k_max_keys = 50;    // apps listed in a statement; more are found by the part of their names

enum class Column { created, day, duration, app, id };

std::string_view name_of(Column column) {
    switch (column) {
    case Column::created:
        return "created_at_ms";
    case Column::day:
        return "activity_date";
    case Column::duration:
        return "duration_ms";
    case Column::app:
        return "app_key";
    case Column::id:
        return "id";
    }
    return "id";
}

bool is_text(Column column) { return column == Column::day || column == Column::app; }

/// The columns that a sort orders by; the indexes of the table have them in this order behind user_id.
std::span<const Column> columns_of(SortField field) {
    static constexpr std::array k_created{Column::created, Column::id};
    static constexpr std::array k_day{Column::day, Column::created, Column::id};
    static constexpr std::array k_duration{Column::duration, Column::id};
    static constexpr std::array k_app{Column::app, Column::created, Column::id};
    switch (field) {
    case SortField::created_at:
        return k_created;
    case SortField::activity_date:
        return k_day;
    case SortField::duration_minutes:
        return k_duration;
    case SortField::app_name:
        return k_app;
    }
    return k_created;
}

std::string_view index_of(SortField field) {
    switch (field) {
    case SortField::created_at:
        return "activities_created";
    case SortField::activity_date:
        return "activities_date";
    case SortField::duration_minutes:
        return "activities_duration";
    case SortField::app_name:
        return "activities_app";
    }
    return "activities_created";
}

/// SQL with its parameters, composed of constant parts.
struct Piece {
    std::string sql;
    std::vector<db::Value> params;

    void add(std::string_view text) { sql += text; }
    void add(std::string_view text, db::Value value) {
        sql += text;
        params.push_back(std::move(value));
    }
};

void add_app_part(Piece& where, const Filter& filter) {
    if (filter.app_name) where.add(" AND app_key LIKE ? ESCAPE '!'", like_contains(fold_case(*filter.app_name)));
    if (filter.app_package) where.add(" AND app_package = ?", *filter.app_package);
    if (filter.category) where.add(" AND app_category = ?", *filter.category);
    if (filter.device_type) where.add(" AND device_type = ?", *filter.device_type);
}

void add_days(Piece& where, const Filter& filter, std::string_view column) {
    if (filter.from && filter.from == filter.to) {
        where.add(" AND ");
        where.add(column);
        where.add(" = ?", filter.from->to_string());
        return;
    }
    const auto bound = [&](std::string_view comparison, const std::optional<Day>& day) {
        if (!day) return;
        where.add(" AND ");
        where.add(column);
        where.add(comparison, day->to_string());
    };
    bound(" >= ?", filter.from);
    bound(" <= ?", filter.to);
}

/// The query of a text whose columns are the fields of T.
template <class T>
db::Query<std::vector<T>> query_of(std::string_view name, Piece piece) {
    return db::composed<T>(name, std::move(piece.sql), std::move(piece.params));
}

constexpr db::SqlText k_sum{"SELECT COALESCE(SUM(sessions), 0) FROM "};
constexpr auto k_sum_of_totals = k_sum + "usage_totals WHERE user_id = ?";
constexpr auto k_sum_of_days = k_sum + "usage_days WHERE user_id = ?";
constexpr auto k_sum_of_apps = k_sum + "usage_apps WHERE user_id = ?";
constexpr auto k_count_all = db::select<std::int64_t>("usage_totals.count", k_sum_of_totals);

/// The query of a sum.
db::Query<std::int64_t> sum_of(std::string_view name, Piece piece) {
    return query_of<std::int64_t>(name, std::move(piece)).map([](const std::vector<std::int64_t>& rows) { return rows.at(0); });
}

db::Query<std::int64_t> count_apps(std::int64_t user_id, const Filter& filter) {
    Piece piece{std::string{std::string_view{k_sum_of_totals}}, {db::to_value(user_id)}};
    add_app_part(piece, filter);
    return sum_of("usage_totals.count_apps", std::move(piece));
}

db::Query<std::vector<std::string>> find_apps(std::int64_t user_id, const Filter& filter) {
    Piece piece{"SELECT DISTINCT app_key FROM usage_totals WHERE user_id = ?", {db::to_value(user_id)}};
    add_app_part(piece, filter);
    piece.add(" LIMIT ?", static_cast<std::int64_t>(k_max_keys) + 1);
    return query_of<std::string>("usage_totals.find_apps", std::move(piece));
}

db::Query<std::int64_t> count_days(std::int64_t user_id, const Filter& filter) {
    Piece piece{std::string{std::string_view{k_sum_of_days}}, {db::to_value(user_id)}};
    add_days(piece, filter, "day");
    return sum_of("usage_days.count", std::move(piece));
}

db::Query<std::int64_t> count_apps_of_days(std::int64_t user_id, const Filter& filter) {
    Piece piece{std::string{std::string_view{k_sum_of_apps}}, {db::to_value(user_id)}};
    add_days(piece, filter, "day");
    add_app_part(piece, filter);
    return sum_of("usage_apps.count", std::move(piece));
}

/// What the roll-ups give about a filter.
struct Facts {
    std::int64_t total = 0;            // rows that match
    std::int64_t of_days = 0;          // rows of the days, whatever the app
    std::int64_t of_apps = 0;          // rows of the apps, whatever the day
    std::vector<std::string> app_keys; // the apps that match; of many only k_max_keys and one more
};

/// The answers from which Facts are made; those that the filter needs.
struct FactQueries {
    std::optional<db::Answer<std::vector<std::string>>> app_keys;
    std::optional<db::Answer<std::int64_t>> of_apps;
    std::optional<db::Answer<std::int64_t>> of_days;
    std::optional<db::Answer<std::int64_t>> total; // of the apps on the days, or of all rows

    FactQueries(db::Batch& batch, std::int64_t user_id, const Filter& filter) {
        if (filter.has_app_part()) {
            app_keys = batch.add(find_apps(user_id, filter));
            of_apps = batch.add(count_apps(user_id, filter));
        }
        if (filter.has_days()) of_days = batch.add(count_days(user_id, filter));
        if (filter.has_app_part() && filter.has_days()) total = batch.add(count_apps_of_days(user_id, filter));
        if (!filter.has_app_part() && !filter.has_days()) total = batch.add(k_count_all.one(user_id));
    }
    /// After the batch has run.
    [[nodiscard]] Facts take() const {
        Facts facts;
        if (app_keys) facts.app_keys = std::move(**app_keys);
        if (of_apps) facts.total = facts.of_apps = **of_apps;
        if (of_days) facts.total = facts.of_days = **of_days;
        if (total) facts.total = **total;
        return facts;
    }
};

/// How the rows are found.
struct Way {
    std::string_view index;
    std::vector<std::string> app_keys; // listed one by one; empty: by the filter's part of the name
};

Way choose_way(const PageRequest& request, Facts facts) {
    Way way{index_of(request.sort.field), {}};
    if (request.filter.has_app_part() && facts.app_keys.size() <= k_max_keys) way.app_keys = std::move(facts.app_keys);
    const bool newest = request.sort.field == SortField::created_at;
    const bool one_day = request.filter.from && request.filter.from == request.filter.to;
    if (newest && way.app_keys.size() == 1)
        way.index = "activities_app"; // has the list's order
    else if (newest && one_day)
        way.index = "activities_date"; // so has this
    else if (!way.app_keys.empty() && facts.of_apps <= k_few_rows)
        way.index = "activities_app";
    else if (request.filter.has_days() && facts.of_days <= k_few_rows)
        way.index = "activities_date";
    return way;
}

/// SELECT … WHERE with all conditions of the filter.
Piece select_rows(db::Dialect dialect, std::int64_t user_id, const Filter& filter, const Way& way) {
    Piece piece;
    piece.add("SELECT ");
    piece.add(db::column_list<Record>());
    piece.add(" FROM activities");
    piece.add(dialect == db::Dialect::sqlite ? " INDEXED BY " : " FORCE INDEX (");
    piece.add(way.index);
    piece.add(dialect == db::Dialect::sqlite ? " WHERE user_id = ?" : ") WHERE user_id = ?", user_id);
    auto rest = filter;
    if (way.app_keys.size() == 1) {
        piece.add(" AND app_key = ?", way.app_keys.front());
        rest.app_name.reset();
    } else if (!way.app_keys.empty()) {
        std::string_view before = " AND app_key IN (";
        for (const auto& key : way.app_keys) {
            piece.add(before);
            piece.add("?", key);
            before = ", ";
        }
        piece.add(")");
        rest.app_name.reset();
    }
    add_app_part(piece, rest);
    add_days(piece, rest, "activity_date");
    return piece;
}

using PageAnswers = std::vector<db::Answer<std::vector<Record>>>; // its parts, in order

std::string order_of(std::span<const Column> columns, bool descending) {
    std::string sql = " ORDER BY ";
    for (const auto column : columns) {
        if (column != columns.front()) sql += ", ";
        sql += name_of(column);
        sql += descending ? " DESC" : " ASC";
    }
    return sql;
}

db::Value value_of(const std::variant<std::int64_t, std::string>& value) {
    return std::visit([](const auto& plain) { return db::Value{plain}; }, value);
}

/// The queries that together give the `limit` rows behind a place, in order: first those that share all but the
/// last column with it, then all but the last two, and so on. Each reads its index from its own start.
std::vector<db::Query<std::vector<Record>>> behind(const Piece& select, std::span<const Column> columns, const Cursor& cursor,
                                                   bool descending, std::int64_t limit) {
    std::vector<db::Query<std::vector<Record>>> queries;
    const auto order = order_of(columns, descending);
    for (std::size_t shared = columns.size(); shared-- > 0;) {
        auto piece = select;
        for (std::size_t i = 0; i <= shared; ++i) {
            piece.add(" AND ");
            piece.add(name_of(columns[i]));
            piece.add(i < shared ? " = ?" : descending ? " < ?" : " > ?", value_of(cursor.place[i]));
        }
        piece.add(order);
        piece.add(" LIMIT ?", limit);
        queries.push_back(query_of<Record>("activities.list", std::move(piece)));
    }
    return queries;
}

/// Adds the queries of a page. One row more than requested shows whether there is another page.
PageAnswers add_rows(db::Batch& batch, db::Dialect dialect, std::int64_t user_id, const PageRequest& request, const Way& way) {
    const auto select = select_rows(dialect, user_id, request.filter, way);
    const auto columns = columns_of(request.sort.field);
    PageAnswers answers;
    if (request.cursor) {
        for (auto& query : behind(select, columns, *request.cursor, request.sort.descending != request.cursor->backward, request.limit + 1))
            answers.push_back(batch.add(std::move(query)));
        return answers;
    }
    auto piece = select;
    piece.add(order_of(columns, request.sort.descending));
    piece.add(" LIMIT ?", request.limit + 1);
    if (request.skip > 0) piece.add(" OFFSET ?", request.skip);
    answers.push_back(batch.add(query_of<Record>("activities.list", std::move(piece))));
    return answers;
}

void take_rows(PageResult& result, const PageAnswers& answers, const PageRequest& request) {
    const auto limit = static_cast<std::size_t>(request.limit);
    bool more = false;
    for (const auto& part : answers) {
        for (auto& record : *part) {
            more = result.records.size() == limit;
            if (more) break;
            result.records.push_back(std::move(record));
        }
        if (more) break;
    }
    const bool backward = request.cursor && request.cursor->backward;
    if (backward) std::ranges::reverse(result.records);
    result.has_next = backward || more;
    result.has_previous = backward ? more : request.cursor || request.skip > 0;
}

} // namespace

bool fits(const Cursor& cursor, Sort sort) {
    return std::ranges::equal(cursor.place, columns_of(sort.field), [](const auto& value, Column column) {
        return std::holds_alternative<std::string>(value) == is_text(column);
    });
}

Cursor cursor_at(const Record& record, Sort sort, bool backward) {
    Cursor cursor{.backward = backward, .place = {}};
    for (const auto column : columns_of(sort.field)) {
        switch (column) {
        case Column::created:
            cursor.place.emplace_back(record.created_at.ms);
            break;
        case Column::day:
            cursor.place.emplace_back(record.activity_date.to_string());
            break;
        case Column::duration:
            cursor.place.emplace_back(record.duration_minutes.ms);
            break;
        case Column::app:
            cursor.place.emplace_back(record.app_key);
            break;
        case Column::id:
            cursor.place.emplace_back(record.id);
            break;
        }
    }
    return cursor;
}

db::Task<PageResult> page(db::Session& session, std::int64_t user_id, PageRequest request) {
    const bool plain = !request.filter.has_app_part() && !request.filter.has_days();
    PageResult result;
    db::Batch batch;
    const FactQueries queries{batch, user_id, request.filter};
    PageAnswers rows;
    if (plain) rows = add_rows(batch, session.dialect(), user_id, request, {index_of(request.sort.field), {}}); // one round trip
    co_await batch.run(session);
    auto facts = queries.take();
    result.total = facts.total;
    if (!plain && facts.total > 0) {
        rows = add_rows(batch, session.dialect(), user_id, request, choose_way(request, std::move(facts)));
        co_await batch.run(session);
    }
    if (!rows.empty()) take_rows(result, rows, request);
    co_return result;
}

db::Task<std::vector<Record>> history(db::Session& session, std::int64_t user_id, std::optional<Cursor> after, std::int64_t limit) {
    const PageRequest request{.filter = {}, .sort = {SortField::created_at, false}, .cursor = std::move(after), .limit = limit};
    db::Batch batch;
    const auto rows = add_rows(batch, session.dialect(), user_id, request, {"activities_created", {}});
    co_await batch.run(session);
    PageResult result;
    take_rows(result, rows, request);
    co_return std::move(result.records);
}

} // namespace focus::activities::repository
