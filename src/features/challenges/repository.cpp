#include "features/challenges/repository.hpp"

#include "core/base/fold.hpp"
#include "core/cache/versions.hpp"
#include "core/db/query.hpp"

#include <array>

namespace focus::challenges {

namespace {

struct StoredRow {
    Row row;
    std::string name_key;
    std::optional<EpochMs> next_step_at_ms;
};
struct StatusCount {
    std::size_t status = 0; // a Status
    std::int64_t count = 0;
};

// Follows the columns of Row. The viewer's rank is one more than those with more points. Every participant is in the index of ranks.
constexpr db::SqlText k_view_end{
    ", CASE WHEN m.user_id IS NOT NULL AND m.left_at_ms IS NULL THEN 1 ELSE 0 END AS is_member, CASE WHEN m.is_ranked = 1 "
    "THEN 1 + (SELECT COUNT(*) FROM challenge_members b WHERE b.challenge_id = c.id AND b.is_ranked = 1 AND "
    "b.score_ms > m.score_ms) END AS my_rank FROM challenges c LEFT JOIN challenge_members m ON m.challenge_id = c.id AND "
    "m.user_id = ?"};

constexpr auto k_insert = db::insert<StoredRow>(
    "challenges.insert", "challenges",
    {"frozen_at_ms", "cancelled_at_ms", "participants_count", "leader_id", "winner_id", "deleted_at_ms", "news", "news_after_user_id"});
constexpr auto k_ids_after = db::select<std::int64_t>(
    "challenges.ids_after", "SELECT id FROM challenges WHERE id > ? AND deleted_at_ms IS NULL ORDER BY id LIMIT ?");
constexpr auto k_update = db::update<StoredRow>("challenges.update", "challenges", "WHERE id = ?",
                                                {"creator_id", "type", "target_apps", "target_ms", "timezone", "is_public",
                                                 "max_participants", "participants_count", "leader_id", "created_at_ms"});
constexpr db::Statement k_remove{"challenges.remove", "DELETE FROM challenges WHERE id = ?"};
constexpr db::Statement k_add_participants{"challenges.add_participants",
                                           "UPDATE challenges SET participants_count = participants_count + ? WHERE id = ?"};
constexpr db::Statement k_uncount_ranked{
    "challenges.uncount_ranked", "UPDATE challenges SET participants_count = participants_count - 1 WHERE id IN (SELECT challenge_id FROM "
                                 "challenge_members WHERE user_id = ? AND is_ranked = 1)"};
constexpr db::SqlText k_no_other_is_ranked{
    "NOT EXISTS (SELECT 1 FROM challenge_members m WHERE m.challenge_id = challenges.id AND m.user_id <> ? AND m.is_ranked = 1)"};
constexpr auto k_remove_lonely_made_sql = "DELETE FROM challenges WHERE creator_id = ? AND " + k_no_other_is_ranked;
constexpr db::Statement k_remove_lonely_made{"challenges.remove_lonely_made", k_remove_lonely_made_sql};
constexpr auto k_remove_lonely_joined_sql =
    "DELETE FROM challenges WHERE id IN (SELECT j.challenge_id FROM challenge_members j WHERE j.user_id = ?) AND NOT EXISTS (SELECT 1 FROM "
    "users u WHERE u.id = challenges.creator_id AND u.deleted_at_ms IS NULL) AND " +
    k_no_other_is_ranked;
constexpr db::Statement k_remove_lonely_joined{"challenges.remove_lonely_joined", k_remove_lonely_joined_sql};
constexpr db::Statement k_replace_leader{"challenges.replace_leader",
                                         "UPDATE challenges SET leader_id = ? WHERE id = ? AND COALESCE(leader_id, 0) = ?"};
constexpr auto k_find = db::select<ViewedRow>("challenges.find", "SELECT c.*" + k_view_end + " WHERE c.id = ? AND c.deleted_at_ms IS NULL");
constexpr auto k_find_for_update = db::select_for_update<Row>("challenges.find_for_update", "SELECT c.* FROM challenges c WHERE c.id = ?");
constexpr auto k_find_by_code =
    db::select_for_update<Row>("challenges.find_by_code", "SELECT c.* FROM challenges c WHERE c.invitation_code = ?");
constexpr auto k_record = db::select<Record>(
    "challenges.record", "SELECT (SELECT COUNT(*) FROM challenge_members m JOIN challenges c ON c.id = m.challenge_id WHERE "
                         "m.user_id = ? AND c.deleted_at_ms IS NULL) AS participated, (SELECT COUNT(*) FROM challenges WHERE "
                         "winner_id = ? AND deleted_at_ms IS NULL) AS won");
constexpr auto k_counts = db::select<Counts>(
    "challenges.counts",
    "SELECT COUNT(*) AS total, COALESCE(SUM(cancelled_at_ms IS NULL AND frozen_at_ms IS NULL AND starts_at_ms <= ?), 0) AS active, "
    "COALESCE(SUM(cancelled_at_ms IS NULL AND frozen_at_ms IS NOT NULL), 0) AS completed FROM challenges WHERE deleted_at_ms IS NULL");
constexpr auto k_due =
    db::select<std::int64_t>("challenges.due", "SELECT id FROM challenges WHERE next_step_at_ms <= ? ORDER BY next_step_at_ms LIMIT ?");
constexpr auto k_open_by_creator = db::select<std::int64_t>(
    "challenges.open_by_creator", "SELECT id FROM challenges WHERE creator_id = ? AND frozen_at_ms IS NULL AND cancelled_at_ms IS NULL "
                                  "AND deleted_at_ms IS NULL ORDER BY id");
constexpr auto k_count_by_status = db::select<StatusCount>(
    "challenges.count_by_status",
    "SELECT CASE WHEN cancelled_at_ms IS NOT NULL THEN 3 WHEN frozen_at_ms IS NOT NULL THEN 2 WHEN starts_at_ms <= ? THEN 1 ELSE 0 END AS "
    "status, COUNT(*) AS count FROM challenges WHERE deleted_at_ms IS NULL GROUP BY status");

/// The WHERE of a list, built of constant pieces; values are parameters.
struct Where {
    std::string sql = " WHERE c.deleted_at_ms IS NULL";
    std::vector<db::Value> params;

    void add(std::string_view piece) { sql += piece; }
    void add(std::string_view piece, db::Value value) {
        sql += piece;
        params.push_back(std::move(value));
    }
    /// The same as rules::status_at.
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
    return {.type = row.type,
            .target_ms = row.target_ms,
            .start = row.start_date,
            .end = row.end_date,
            .target_keys = rules::keys_of(row.target_apps)};
}

std::optional<EpochMs> next_step_at(const Row& row) {
    if (row.news || row.deleted_at_ms) return 0;
    if (row.course.cancelled_at_ms || row.course.frozen_at_ms) return std::nullopt;
    return row.is_start_told ? row.course.times.freezes_at_ms : row.course.times.starts_at_ms;
}

namespace repository {

namespace {

StoredRow stored(const Row& row) { return {.row = row, .name_key = fold_case(row.name), .next_step_at_ms = next_step_at(row)}; }

std::string viewed_by(std::string_view rest) {
    return "SELECT " + db::column_list<Row>("c.") + std::string{k_view_end} + std::string{rest};
}

} // namespace

db::Query<std::int64_t> insert(const Row& row) { return k_insert.id(stored(row)); }

void update(db::Transaction& tx, const Row& row) {
    tx.defer(k_update.affected(stored(row), row.id));
    cache::changed(tx, k_topic);
}

void remove(db::Transaction& tx, std::int64_t id) { tx.defer(k_remove, id); }

void add_participants(db::Transaction& tx, std::int64_t id, int change) { tx.defer(k_add_participants, change, id); }

void uncount_ranked(db::Transaction& tx, std::int64_t user_id) { tx.defer(k_uncount_ranked, user_id); }

void remove_lonely(db::Transaction& tx, std::int64_t user_id) {
    tx.defer(k_remove_lonely_made, user_id, user_id);
    tx.defer(k_remove_lonely_joined, user_id, user_id);
}

db::Query<bool> replace_leader(std::int64_t id, std::optional<std::int64_t> before, std::int64_t after) {
    return db::affected(k_replace_leader, after, id, before.value_or(0)).map([](std::uint64_t count) { return count > 0; });
}

db::Query<std::optional<ViewedRow>> find(std::int64_t id, std::int64_t viewer_id) { return k_find.first(viewer_id, id); }

db::Query<std::optional<Row>> find_any_for_update(std::int64_t id) { return k_find_for_update.first(id); }

db::Query<std::optional<Row>> find_for_update(std::int64_t id) {
    return find_any_for_update(id).map([](std::optional<Row> row) {
        if (row && row->deleted_at_ms) row.reset();
        return row;
    });
}

db::Query<std::optional<Row>> find_by_code_for_update(std::string_view code) {
    return k_find_by_code.first(code);
} // deleted ones have none

db::Query<std::vector<ViewedRow>> list(const Filter& filter, Sort sort, std::int64_t viewer_id, EpochMs now, std::int64_t skip,
                                       std::int64_t limit) {
    const auto where = where_of(filter, now);
    const std::string direction = sort.descending ? " DESC" : " ASC";
    std::vector<db::Value> params{viewer_id};
    params.insert(params.end(), where.params.begin(), where.params.end());
    params.emplace_back(limit);
    params.emplace_back(skip);
    return db::composed<ViewedRow>(
        "challenges.list",
        viewed_by(where.sql + " ORDER BY " + std::string{column_of(sort.field)} + direction + ", c.id" + direction + " LIMIT ? OFFSET ?"),
        std::move(params));
}

db::Query<std::int64_t> count(const Filter& filter, EpochMs now) {
    auto where = where_of(filter, now);
    return db::composed_one<std::int64_t>("challenges.count", "SELECT COUNT(*) FROM challenges c" + where.sql, std::move(where.params));
}

db::Query<std::array<std::int64_t, 4>> count_by_status(EpochMs now) {
    return k_count_by_status.all(now).map([](const std::vector<StatusCount>& rows) {
        std::array<std::int64_t, 4> counts{};
        for (const auto& row : rows) counts.at(row.status) = row.count;
        return counts;
    });
}

db::Query<std::vector<ViewedRow>> list_of_user(std::int64_t user_id, std::optional<Status> status, EpochMs now, std::int64_t skip,
                                               std::int64_t limit) {
    Where where;
    where.add(" AND m.user_id IS NOT NULL");
    where.add_status(status, now);
    std::vector<db::Value> params{user_id};
    params.insert(params.end(), where.params.begin(), where.params.end());
    for (const auto value : {now, limit, skip}) params.emplace_back(value);
    return db::composed<ViewedRow>(
        "challenges.list_of_user",
        viewed_by(where.sql + " ORDER BY CASE WHEN c.cancelled_at_ms IS NOT NULL THEN 3 WHEN c.frozen_at_ms IS NOT NULL THEN 2 WHEN "
                              "c.starts_at_ms > ? THEN 1 ELSE 0 END, c.start_date DESC, c.id DESC LIMIT ? OFFSET ?"),
        std::move(params));
}

db::Query<std::int64_t> count_of_user(std::int64_t user_id, std::optional<Status> status, EpochMs now) {
    Where where;
    where.add(" AND m.user_id = ?", user_id);
    where.add_status(status, now);
    return db::composed_one<std::int64_t>("challenges.count_of_user",
                                          "SELECT COUNT(*) FROM challenge_members m JOIN challenges c ON c.id = m.challenge_id" + where.sql,
                                          std::move(where.params));
}

db::Query<Record> record(std::int64_t user_id) { return k_record.one(user_id, user_id); }
db::Query<Counts> counts(EpochMs now) { return k_counts.one(now); }
db::Query<std::vector<std::int64_t>> due(EpochMs now, int limit) { return k_due.all(now, limit); }
db::Query<std::vector<std::int64_t>> ids_after(std::int64_t after_id, int limit) { return k_ids_after.all(after_id, limit); }
db::Query<std::vector<std::int64_t>> open_by_creator(std::int64_t creator_id) { return k_open_by_creator.all(creator_id); }

} // namespace repository
} // namespace focus::challenges
