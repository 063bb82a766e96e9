#include "features/challenges/repository.hpp"

#include "core/base/fold.hpp"
#include "core/cache/versions.hpp"

#include <algorithm>
#include <array>

namespace focus::challenges {

namespace {

constexpr std::array<std::string_view, 4> k_news{"started", "ended", "cancelled", "deleted"};

std::optional<News> news_of(const std::optional<std::string>& name) {
    const auto found = std::ranges::find(k_news, name.value_or(""));
    return found == k_news.end() ? std::nullopt : std::optional{static_cast<News>(found - k_news.begin())};
}

std::optional<std::string_view> name_of(std::optional<News> news) {
    return news ? std::optional{k_news[static_cast<std::size_t>(*news)]} : std::nullopt;
}

std::optional<std::int64_t> or_null(std::int64_t id) { return id == 0 ? std::nullopt : std::optional{id}; }

#define FOCUS_CHALLENGE_COLUMNS                                                                                                            \
    "c.id, c.name, c.description, c.creator_id, c.type, c.target_apps, c.target_ms, c.start_date, c.end_date, c.timezone, "                \
    "c.starts_at_ms, c.ends_at_ms, c.freezes_at_ms, c.frozen_at_ms, c.cancelled_at_ms, c.is_public, c.invitation_code, "                   \
    "c.max_participants, c.participants_count, c.leader_id, c.winner_id, c.deleted_at_ms, c.is_start_told, c.news, "                       \
    "c.news_after_user_id, c.created_at_ms, c.updated_at_ms"
constexpr std::size_t k_columns = 27;

// The place of whoever looks: one more than those with more points. Everybody who takes part is in the index of ranks.
#define FOCUS_CHALLENGE_VIEW                                                                                                               \
    FOCUS_CHALLENGE_COLUMNS ", CASE WHEN m.user_id IS NOT NULL AND m.left_at_ms IS NULL THEN 1 ELSE 0 END, CASE WHEN m.is_ranked = 1 "     \
                            "THEN 1 + (SELECT COUNT(*) FROM challenge_members b WHERE b.challenge_id = c.id AND b.is_ranked = 1 AND "      \
                            "b.score_ms > m.score_ms) END FROM challenges c LEFT JOIN challenge_members m ON m.challenge_id = c.id AND "   \
                            "m.user_id = ?"

constexpr db::Statement k_insert{
    "challenges.insert", "INSERT INTO challenges (name, name_key, description, creator_id, type, target_apps, target_ms, start_date, "
                         "end_date, timezone, starts_at_ms, ends_at_ms, freezes_at_ms, is_public, invitation_code, max_participants, "
                         "next_step_at_ms, is_start_told, created_at_ms, updated_at_ms) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_ids_after{"challenges.ids_after",
                                    "SELECT id FROM challenges WHERE id > ? AND deleted_at_ms IS NULL ORDER BY id LIMIT ?"};
constexpr db::Statement k_update{
    "challenges.update", "UPDATE challenges SET name = ?, name_key = ?, description = ?, start_date = ?, end_date = ?, starts_at_ms = ?, "
                         "ends_at_ms = ?, freezes_at_ms = ?, frozen_at_ms = ?, cancelled_at_ms = ?, deleted_at_ms = ?, "
                         "invitation_code = ?, winner_id = ?, next_step_at_ms = ?, is_start_told = ?, news = ?, news_after_user_id = ?, "
                         "updated_at_ms = ? WHERE id = ?"};
constexpr db::Statement k_remove{"challenges.remove", "DELETE FROM challenges WHERE id = ?"};
constexpr db::Statement k_add_participants{"challenges.add_participants",
                                           "UPDATE challenges SET participants_count = participants_count + ? WHERE id = ?"};
constexpr db::Statement k_uncount_ranked{
    "challenges.uncount_ranked", "UPDATE challenges SET participants_count = participants_count - 1 WHERE id IN (SELECT challenge_id FROM "
                                 "challenge_members WHERE user_id = ? AND is_ranked = 1)"};
#define FOCUS_NOBODY_ELSE                                                                                                                  \
    "NOT EXISTS (SELECT 1 FROM challenge_members m WHERE m.challenge_id = challenges.id AND m.user_id <> ? AND m.is_ranked = 1)"
constexpr db::Statement k_remove_lonely_made{"challenges.remove_lonely_made",
                                             "DELETE FROM challenges WHERE creator_id = ? AND " FOCUS_NOBODY_ELSE};
constexpr db::Statement k_remove_lonely_joined{
    "challenges.remove_lonely_joined",
    "DELETE FROM challenges WHERE id IN (SELECT j.challenge_id FROM challenge_members j WHERE j.user_id = ?) AND NOT EXISTS (SELECT 1 FROM "
    "users u WHERE u.id = challenges.creator_id AND u.deleted_at_ms IS NULL) AND " FOCUS_NOBODY_ELSE};
constexpr db::Statement k_replace_leader{"challenges.replace_leader",
                                         "UPDATE challenges SET leader_id = ? WHERE id = ? AND COALESCE(leader_id, 0) = ?"};
constexpr db::Statement k_find{"challenges.find", "SELECT " FOCUS_CHALLENGE_VIEW " WHERE c.id = ? AND c.deleted_at_ms IS NULL"};
constexpr db::Statement k_find_for_update{"challenges.find_for_update",
                                          db::Sql{"SELECT " FOCUS_CHALLENGE_COLUMNS " FROM challenges c WHERE c.id = ?",
                                                  "SELECT " FOCUS_CHALLENGE_COLUMNS " FROM challenges c WHERE c.id = ? FOR UPDATE"}};
constexpr db::Statement k_find_by_code{
    "challenges.find_by_code", db::Sql{"SELECT " FOCUS_CHALLENGE_COLUMNS " FROM challenges c WHERE c.invitation_code = ?",
                                       "SELECT " FOCUS_CHALLENGE_COLUMNS " FROM challenges c WHERE c.invitation_code = ? FOR UPDATE"}};
constexpr db::Statement k_record{"challenges.record",
                                 "SELECT (SELECT COUNT(*) FROM challenge_members m JOIN challenges c ON c.id = m.challenge_id WHERE "
                                 "m.user_id = ? AND c.deleted_at_ms IS NULL), (SELECT COUNT(*) FROM challenges WHERE winner_id = ? AND "
                                 "deleted_at_ms IS NULL)"};
constexpr db::Statement k_counts{
    "challenges.counts", "SELECT COUNT(*), COALESCE(SUM(cancelled_at_ms IS NULL AND frozen_at_ms IS NULL AND starts_at_ms <= ?), 0), "
                         "COALESCE(SUM(cancelled_at_ms IS NULL AND frozen_at_ms IS NOT NULL), 0) FROM challenges WHERE "
                         "deleted_at_ms IS NULL"};
constexpr db::Statement k_due{"challenges.due", "SELECT id FROM challenges WHERE next_step_at_ms <= ? ORDER BY next_step_at_ms LIMIT ?"};
constexpr db::Statement k_open_by_creator{
    "challenges.open_by_creator", "SELECT id FROM challenges WHERE creator_id = ? AND frozen_at_ms IS NULL AND cancelled_at_ms IS NULL "
                                  "AND deleted_at_ms IS NULL ORDER BY id"};
constexpr db::Statement k_count_by_status{
    "challenges.count_by_status",
    "SELECT CASE WHEN cancelled_at_ms IS NOT NULL THEN 3 WHEN frozen_at_ms IS NOT NULL THEN 2 WHEN starts_at_ms <= ? THEN 1 ELSE 0 END AS "
    "status, COUNT(*) FROM challenges WHERE deleted_at_ms IS NULL GROUP BY status"};

Row row_of(const db::Row& row) {
    Row out;
    out.id = row.get<std::int64_t>(0);
    out.name = row.get<std::string>(1);
    out.description = row.get<std::optional<std::string>>(2);
    out.creator_id = row.get<std::int64_t>(3);
    out.type = type_of(row.get<std::string_view>(4));
    out.target_apps = json::parse<std::vector<std::string>>(row.get<std::string_view>(5), "target_apps");
    out.target_ms = row.get<std::int64_t>(6);
    out.start = Day::parse(row.get<std::string_view>(7)).value_or(Day{});
    out.end = Day::parse(row.get<std::string_view>(8)).value_or(Day{});
    out.zone = Zone::of(row.get<std::string_view>(9));
    out.course.times = {row.get<EpochMs>(10), row.get<EpochMs>(11), row.get<EpochMs>(12)};
    out.course.frozen_at_ms = row.get<std::optional<EpochMs>>(13);
    out.course.cancelled_at_ms = row.get<std::optional<EpochMs>>(14);
    out.is_public = row.get<bool>(15);
    out.invitation_code = row.get<std::optional<std::string>>(16);
    out.max_participants = row.get<std::int64_t>(17);
    out.participants_count = row.get<std::int64_t>(18);
    out.leader_id = row.get<std::optional<std::int64_t>>(19).value_or(0);
    out.winner_id = row.get<std::optional<std::int64_t>>(20).value_or(0);
    out.deleted_at_ms = row.get<std::optional<EpochMs>>(21);
    out.is_start_told = row.get<bool>(22);
    out.news = news_of(row.get<std::optional<std::string>>(23));
    out.news_after_user_id = row.get<std::int64_t>(24);
    out.created_at_ms = row.get<EpochMs>(25);
    out.updated_at_ms = row.get<EpochMs>(26);
    if (row.size() > k_columns) {
        out.is_member = row.get<bool>(k_columns);
        out.my_rank = row.get<std::optional<std::int64_t>>(k_columns + 1);
    }
    return out;
}

std::vector<Row> rows_of(const db::Result& result) {
    std::vector<Row> rows;
    rows.reserve(result.rows.size());
    for (const auto& row : result.rows) rows.push_back(row_of(row));
    return rows;
}

std::vector<std::int64_t> ids_of(const db::Result& result) {
    std::vector<std::int64_t> ids;
    for (const auto& row : result.rows) ids.push_back(row.get<std::int64_t>(0));
    return ids;
}

/// The WHERE of a list, out of constant pieces; values are parameters.
struct Where {
    std::string sql = " WHERE c.deleted_at_ms IS NULL";
    std::vector<db::Value> params;

    void add(std::string_view piece) { sql += piece; }
    void add(std::string_view piece, db::Value value) {
        sql += piece;
        params.push_back(std::move(value));
    }
    /// As rules::status_at says.
    void add_status(std::optional<Status> status, EpochMs now) {
        if (!status) return;
        if (*status == Status::cancelled) return add(" AND c.cancelled_at_ms IS NOT NULL");
        add(" AND c.cancelled_at_ms IS NULL");
        if (*status == Status::completed) return add(" AND c.frozen_at_ms IS NOT NULL");
        add(" AND c.frozen_at_ms IS NULL");
        add(*status == Status::upcoming ? " AND c.starts_at_ms > ?" : " AND c.starts_at_ms <= ?", now);
    }
};

Where where_of(const repository::Filter& filter, EpochMs now) {
    Where where;
    if (filter.public_only) where.add(" AND c.is_public = 1");
    if (filter.name) where.add(" AND c.name_key LIKE ? ESCAPE '!'", like_contains(fold_case(*filter.name)));
    where.add_status(filter.status, now);
    return where;
}

std::string_view column_of(SortField field) {
    switch (field) {
    case SortField::created_at:
        return "c.created_at_ms";
    case SortField::start_date:
        return "c.start_date";
    case SortField::end_date:
        return "c.end_date";
    case SortField::participants_count:
        return "c.participants_count";
    }
    return "c.created_at_ms";
}

} // namespace

rules::Terms terms_of(const Row& row) {
    return {
        .type = row.type, .target_ms = row.target_ms, .start = row.start, .end = row.end, .target_keys = rules::keys_of(row.target_apps)};
}

std::optional<EpochMs> next_step_at(const Row& row) {
    if (row.news || row.deleted_at_ms) return 0;
    if (row.course.cancelled_at_ms || row.course.frozen_at_ms) return std::nullopt;
    return row.is_start_told ? row.course.times.freezes_at_ms : row.course.times.starts_at_ms;
}

namespace repository {

db::Task<std::int64_t> insert(db::Transaction& tx, const Row& row) {
    const auto result = co_await tx.execute(k_insert, row.name, fold_case(row.name), row.description, row.creator_id, to_string(row.type),
                                            json::write(row.target_apps), row.target_ms, row.start.to_string(), row.end.to_string(),
                                            row.zone.name(), row.course.times.starts_at_ms, row.course.times.ends_at_ms,
                                            row.course.times.freezes_at_ms, row.is_public, row.invitation_code, row.max_participants,
                                            next_step_at(row), row.is_start_told, row.created_at_ms, row.updated_at_ms);
    co_return result.last_insert_id;
}

void update(db::Transaction& tx, const Row& row) {
    tx.defer(k_update, row.name, fold_case(row.name), row.description, row.start.to_string(), row.end.to_string(),
             row.course.times.starts_at_ms, row.course.times.ends_at_ms, row.course.times.freezes_at_ms, row.course.frozen_at_ms,
             row.course.cancelled_at_ms, row.deleted_at_ms, row.invitation_code, or_null(row.winner_id), next_step_at(row),
             row.is_start_told, name_of(row.news), row.news_after_user_id, row.updated_at_ms, row.id);
    cache::changed(tx, k_topic);
}

void remove(db::Transaction& tx, std::int64_t id) { tx.defer(k_remove, id); }

void add_participants(db::Transaction& tx, std::int64_t id, int change) { tx.defer(k_add_participants, change, id); }

void uncount_ranked(db::Transaction& tx, std::int64_t user_id) { tx.defer(k_uncount_ranked, user_id); }

void remove_lonely(db::Transaction& tx, std::int64_t user_id) {
    tx.defer(k_remove_lonely_made, user_id, user_id);
    tx.defer(k_remove_lonely_joined, user_id, user_id);
}

db::Task<bool> replace_leader(db::Transaction& tx, std::int64_t id, std::int64_t before, std::int64_t after) {
    co_return (co_await tx.execute(k_replace_leader, or_null(after), id, before)).affected > 0;
}

db::Task<std::optional<Row>> find(db::Session& session, std::int64_t id, std::int64_t viewer_id) {
    const auto row = co_await session.find(k_find, viewer_id, id);
    co_return row ? std::optional{row_of(*row)} : std::nullopt;
}

db::Task<std::optional<Row>> find_any_for_update(db::Transaction& tx, std::int64_t id) {
    const auto row = co_await tx.find(k_find_for_update, id);
    co_return row ? std::optional{row_of(*row)} : std::nullopt;
}

db::Task<std::optional<Row>> find_for_update(db::Transaction& tx, std::int64_t id) {
    auto row = co_await find_any_for_update(tx, id);
    if (row && row->deleted_at_ms) co_return std::nullopt;
    co_return row;
}

db::Task<std::optional<Row>> find_by_code_for_update(db::Transaction& tx, std::string code) {
    const auto row = co_await tx.find(k_find_by_code, code);
    co_return row ? std::optional{row_of(*row)} : std::nullopt; // deleted ones have none
}

db::Task<std::vector<Row>> list(db::Session& session, Filter filter, Sort sort, std::int64_t viewer_id, EpochMs now, std::int64_t skip,
                                std::int64_t limit) {
    auto where = where_of(filter, now);
    const std::string direction = sort.descending ? " DESC" : " ASC";
    std::string sql = "SELECT " FOCUS_CHALLENGE_VIEW + where.sql + " ORDER BY " + std::string{column_of(sort.field)} + direction +
                      ", c.id" + direction + " LIMIT ? OFFSET ?";
    std::vector<db::Value> params{viewer_id};
    params.insert(params.end(), where.params.begin(), where.params.end());
    params.emplace_back(limit);
    params.emplace_back(skip);
    co_return rows_of(co_await session.run_one(db::Command::composed("challenges.list", std::move(sql), std::move(params))));
}

db::Task<std::int64_t> count(db::Session& session, Filter filter, EpochMs now) {
    auto where = where_of(filter, now);
    const auto result = co_await session.run_one(
        db::Command::composed("challenges.count", "SELECT COUNT(*) FROM challenges c" + where.sql, std::move(where.params)));
    co_return result.rows.at(0).get<std::int64_t>(0);
}

db::Task<std::array<std::int64_t, 4>> count_by_status(db::Session& session, EpochMs now) {
    const auto result = co_await session.execute(k_count_by_status, now);
    std::array<std::int64_t, 4> counts{};
    for (const auto& row : result.rows) counts.at(static_cast<std::size_t>(row.get<std::int64_t>(0))) = row.get<std::int64_t>(1);
    co_return counts;
}

db::Task<std::vector<Row>> list_of_user(db::Session& session, std::int64_t user_id, std::optional<Status> status, EpochMs now,
                                        std::int64_t skip, std::int64_t limit) {
    Where where;
    where.add(" AND m.user_id IS NOT NULL");
    where.add_status(status, now);
    std::string sql = "SELECT " FOCUS_CHALLENGE_VIEW + where.sql +
                      " ORDER BY CASE WHEN c.cancelled_at_ms IS NOT NULL THEN 3 WHEN c.frozen_at_ms IS NOT NULL THEN 2 WHEN "
                      "c.starts_at_ms > ? THEN 1 ELSE 0 END, c.start_date DESC, c.id DESC LIMIT ? OFFSET ?";
    std::vector<db::Value> params{user_id};
    params.insert(params.end(), where.params.begin(), where.params.end());
    for (const auto value : {now, limit, skip}) params.emplace_back(value);
    co_return rows_of(co_await session.run_one(db::Command::composed("challenges.list_of_user", std::move(sql), std::move(params))));
}

db::Task<std::int64_t> count_of_user(db::Session& session, std::int64_t user_id, std::optional<Status> status, EpochMs now) {
    Where where;
    where.add(" AND m.user_id = ?", user_id);
    where.add_status(status, now);
    const auto result = co_await session.run_one(db::Command::composed(
        "challenges.count_of_user", "SELECT COUNT(*) FROM challenge_members m JOIN challenges c ON c.id = m.challenge_id" + where.sql,
        std::move(where.params)));
    co_return result.rows.at(0).get<std::int64_t>(0);
}

db::Command record_command(std::int64_t user_id) { return db::Command::of(k_record, user_id, user_id); }

Record record_of(const db::Result& result) {
    return {.participated = result.rows.at(0).get<std::int64_t>(0), .won = result.rows.at(0).get<std::int64_t>(1)};
}

db::Command counts_command(EpochMs now) { return db::Command::of(k_counts, now); }

Counts counts_of(const db::Result& result) {
    const auto& row = result.rows.at(0);
    return {.total = row.get<std::int64_t>(0), .active = row.get<std::int64_t>(1), .completed = row.get<std::int64_t>(2)};
}

db::Task<std::vector<std::int64_t>> due(db::Session& session, EpochMs now, int limit) {
    co_return ids_of(co_await session.execute(k_due, now, limit));
}

db::Task<std::vector<std::int64_t>> ids_after(db::Session& session, std::int64_t after_id, int limit) {
    co_return ids_of(co_await session.execute(k_ids_after, after_id, limit));
}

db::Task<std::vector<std::int64_t>> open_by_creator(db::Session& session, std::int64_t creator_id) {
    co_return ids_of(co_await session.execute(k_open_by_creator, creator_id));
}

} // namespace repository
} // namespace focus::challenges
