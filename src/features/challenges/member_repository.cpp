#include "features/challenges/member_repository.hpp"

#include "core/db/query.hpp"

#include <algorithm>

namespace focus::challenges::member_repository {

namespace {

struct CountingRow {
    std::int64_t id = 0;
    std::string name;
    Type type = Type::minimize_time;
    std::int64_t target_ms = 0;
    std::vector<std::string> target_apps;
    rules::Times times;
    std::optional<std::int64_t> leader_id;
    Day start_date; // of the member's periods
    Day end_date;
};
struct PeriodRow {
    int period = 0;
    rules::Period counted;
};
struct InsertedPeriod {
    std::int64_t challenge_id = 0;
    std::int64_t user_id = 0;
    PeriodRow period;
};

constexpr db::SqlText k_ranked{"b.challenge_id = ? AND b.is_ranked = 1"};
constexpr db::SqlText k_find_sql{"SELECT m.* FROM challenge_members m WHERE m.challenge_id = ? AND m.user_id = ?"};
constexpr db::SqlText k_open_sql{"SELECT m.* FROM challenge_members m WHERE m.challenge_id = ? AND m.is_open = 1"};

constexpr auto k_find = db::select<Member>("challenge_members.find", k_find_sql);
constexpr auto k_find_for_update = db::select_for_update<Member>("challenge_members.find_for_update", k_find_sql);
constexpr auto k_lock_open = db::select_for_update<Member>("challenge_members.lock_open", k_open_sql);
constexpr auto k_list_open = db::select<Member>("challenge_members.list_open", k_open_sql);
constexpr auto k_count_ranked = db::select<std::int64_t>("challenge_members.count_ranked",
                                                         "SELECT COUNT(*) FROM challenge_members WHERE challenge_id = ? AND is_ranked = 1");
constexpr auto k_insert = db::insert<Member>("challenge_members.insert", "challenge_members");
constexpr auto k_update = db::update<Member>("challenge_members.update", "challenge_members", "WHERE challenge_id = ? AND user_id = ?",
                                             {"challenge_id", "user_id"});
constexpr db::Statement k_close_all{"challenge_members.close_all",
                                    "UPDATE challenge_members SET is_open = 0 WHERE challenge_id = ? AND is_open = 1"};
constexpr db::Statement k_remove_up_to{"challenge_members.remove_up_to",
                                       "DELETE FROM challenge_members WHERE challenge_id = ? AND user_id <= ?"};
constexpr auto k_count_open =
    db::select<std::int64_t>("challenge_members.count_open", "SELECT COUNT(*) FROM challenge_members WHERE user_id = ? AND is_open = 1");
constexpr auto k_open_challenges =
    db::select<std::int64_t>("challenge_members.open_challenges",
                             "SELECT challenge_id FROM challenge_members WHERE user_id = ? AND is_open = 1 ORDER BY challenge_id");
constexpr auto k_counting = db::select<CountingRow>(
    "challenge_members.counting",
    "SELECT c.id, c.name, c.type, c.target_ms, c.target_apps, c.starts_at_ms, c.ends_at_ms, c.freezes_at_ms, c.leader_id, m.start_date, "
    "m.end_date FROM challenge_members m JOIN challenges c ON c.id = m.challenge_id WHERE m.user_id = ? AND m.is_open = 1 AND "
    "c.freezes_at_ms > ? AND (c.starts_at_ms > ? OR (m.start_date <= ? AND m.end_date >= ?)) ORDER BY c.id");
constexpr auto k_periods = db::select<PeriodRow>(
    "challenge_scores.periods", "SELECT * FROM challenge_scores WHERE challenge_id = ? AND user_id = ? AND period BETWEEN ? AND ?");
constexpr auto k_put_period = db::insert<InsertedPeriod>(
    "challenge_scores.put", "challenge_scores", {},
    " ON CONFLICT (challenge_id, user_id, period) DO UPDATE SET used_ms = excluded.used_ms, sessions = excluded.sessions",
    " ON DUPLICATE KEY UPDATE used_ms = VALUES(used_ms), sessions = VALUES(sessions)");
constexpr db::Statement k_delete_period{"challenge_scores.delete_period",
                                        "DELETE FROM challenge_scores WHERE challenge_id = ? AND user_id = ? AND period = ?"};
constexpr db::Statement k_delete_periods{"challenge_scores.delete", "DELETE FROM challenge_scores WHERE challenge_id = ? AND user_id = ?"};
constexpr db::Statement k_delete_all_periods{"challenge_scores.delete_all", "DELETE FROM challenge_scores WHERE challenge_id = ?"};

// The inner query reads only the index, on any page.
constexpr auto k_ranking = db::select<Member>(
    "challenge_members.ranking", "SELECT m.* FROM (SELECT b.user_id FROM challenge_members b WHERE " + k_ranked +
                                     " ORDER BY b.score_ms DESC, b.total_ms, b.joined_at_ms, b.user_id LIMIT ? OFFSET ?) p JOIN "
                                     "challenge_members m ON m.challenge_id = ? "
                                     "AND m.user_id = p.user_id ORDER BY m.score_ms DESC, m.total_ms, m.joined_at_ms, m.user_id");
constexpr auto k_rank = db::select<std::int64_t>("challenge_members.rank",
                                                 "SELECT 1 + COUNT(*) FROM challenge_members b WHERE " + k_ranked + " AND b.score_ms > ?");
// Those with the same score that are ranked before a member.
constexpr auto k_tied_before_sql = "(SELECT COUNT(*) FROM challenge_members b WHERE " + k_ranked +
                                   " AND b.score_ms = ? AND b.total_ms < ?) + (SELECT COUNT(*) FROM challenge_members b WHERE " + k_ranked +
                                   " AND b.score_ms = ? AND b.total_ms = ? AND b.joined_at_ms < ?) + "
                                   "(SELECT COUNT(*) FROM challenge_members b WHERE " +
                                   k_ranked + " AND b.score_ms = ? AND b.total_ms = ? AND b.joined_at_ms = ? AND b.user_id < ?)";
constexpr auto k_tied_before = db::select<std::int64_t>("challenge_members.tied_before", "SELECT " + k_tied_before_sql);
constexpr auto k_position =
    db::select<std::int64_t>("challenge_members.position", "SELECT (SELECT COUNT(*) FROM challenge_members b WHERE " + k_ranked +
                                                               " AND b.score_ms > ?) + " + k_tied_before_sql);
constexpr auto k_scores =
    db::select<ScoreCount>("challenge_members.scores", "SELECT b.score_ms, COUNT(*) AS count FROM challenge_members b WHERE " + k_ranked +
                                                           " GROUP BY b.score_ms ORDER BY b.score_ms DESC");
constexpr auto k_next_by_user =
    db::select<Member>("challenge_members.next_by_user", "SELECT m.* FROM challenge_members m WHERE m.challenge_id = ? AND m.user_id > ? "
                                                         "AND m.is_ranked >= ? ORDER BY m.user_id LIMIT ?");
constexpr auto k_others =
    db::select<std::int64_t>("challenge_members.others", "SELECT b.user_id FROM challenge_members b WHERE " + k_ranked +
                                                             " AND b.user_id <> ? ORDER BY b.user_id LIMIT ?");
constexpr db::Statement k_insert_news{
    "challenge_news.insert",
    db::Sql{
        "INSERT INTO challenge_news (challenge_id, user_id, told_at_ms) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
        "INSERT INTO challenge_news (challenge_id, user_id, told_at_ms) VALUES (?, ?, 0) ON DUPLICATE KEY UPDATE told_at_ms = told_at_ms"}};
constexpr db::Statement k_take_news{"challenge_news.take",
                                    "UPDATE challenge_news SET told_at_ms = ? WHERE challenge_id = ? AND user_id = ? AND told_at_ms <= ?"};

struct ExportedChallenge {
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> description;
    std::string challenge_type;
    json::RawJson target_apps;
    json::Minutes target_minutes;
    json::Date start_date;
    json::Date end_date;
    std::string timezone;
    bool is_public = false;
    json::Timestamp created_at;
};
constexpr auto k_personal_created = db::select<ExportedChallenge>(
    "challenges.personal", "SELECT id, name, description, type AS challenge_type, target_apps, target_ms, start_date, end_date, timezone, "
                           "is_public, created_at_ms FROM challenges WHERE creator_id = ? AND id > ? ORDER BY id LIMIT ?");

struct ExportedParticipation {
    std::int64_t challenge_id = 0;
    std::string name;
    std::string challenge_type;
    json::Date start_date;
    json::Date end_date;
    bool takes_part = false;
    json::Minutes score;
    json::Minutes total_time_minutes;
    json::Timestamp joined_at;
    std::optional<json::Timestamp> left_at;
};
constexpr auto k_personal_member = db::select<ExportedParticipation>(
    "challenge_members.personal",
    "SELECT m.challenge_id, c.name, c.type AS challenge_type, c.start_date, c.end_date, m.is_ranked AS takes_part, m.score_ms AS score, "
    "m.total_ms AS total_time_ms, m.joined_at_ms, m.left_at_ms FROM challenge_members m JOIN challenges c ON c.id = m.challenge_id "
    "WHERE m.user_id = ? AND m.challenge_id > ? ORDER BY m.challenge_id LIMIT ?");

} // namespace

db::Query<std::optional<Member>> find(std::int64_t challenge_id, std::int64_t user_id) { return k_find.first(challenge_id, user_id); }

db::Query<std::optional<Member>> find_for_update(std::int64_t challenge_id, std::int64_t user_id) {
    return k_find_for_update.first(challenge_id, user_id);
}

db::Query<std::vector<Member>> lock_open(std::int64_t challenge_id) { return k_lock_open.all(challenge_id); }
db::Query<std::vector<Member>> list_open(std::int64_t challenge_id) { return k_list_open.all(challenge_id); }
db::Query<std::int64_t> count_ranked(std::int64_t challenge_id) { return k_count_ranked.one(challenge_id); }

void insert(db::Transaction& tx, const Member& member) { tx.defer(k_insert.affected(member)); }
void update(db::Transaction& tx, const Member& member) { tx.defer(k_update.affected(member, member.challenge_id, member.user_id)); }
void close_all(db::Transaction& tx, std::int64_t challenge_id) { tx.defer(k_close_all, challenge_id); }

db::Query<std::uint64_t> remove_up_to(std::int64_t challenge_id, std::int64_t user_id) {
    return db::affected(k_remove_up_to, challenge_id, user_id);
}

db::Query<std::int64_t> count_open(std::int64_t user_id) { return k_count_open.one(user_id); }
db::Query<std::vector<std::int64_t>> open_challenges(std::int64_t user_id) { return k_open_challenges.all(user_id); }

db::Query<std::vector<OpenChallenge>> counting(std::int64_t user_id, EpochMs now, Day first, Day last) {
    const auto open_challenge_of = [](CountingRow row) {
        return OpenChallenge{.id = row.id,
                             .name = std::move(row.name),
                             .terms = {.type = row.type,
                                       .target_ms = row.target_ms,
                                       .start = row.start_date,
                                       .end = row.end_date,
                                       .target_keys = rules::keys_of(row.target_apps)},
                             .times = row.times,
                             .leader_id = row.leader_id};
    };
    // A minute's margin: clocks of instances may differ.
    return k_counting.all(user_id, now, now - k_minute_ms, last.to_string(), first.to_string())
        .map([open_challenge_of](std::vector<CountingRow> rows) {
            std::vector<OpenChallenge> challenges;
            for (auto& row : rows) challenges.push_back(open_challenge_of(std::move(row)));
            return challenges;
        });
}

db::Query<rules::Periods> periods(std::int64_t challenge_id, std::int64_t user_id, int first, int last) {
    return k_periods.all(challenge_id, user_id, first, last).map([](const std::vector<PeriodRow>& rows) {
        rules::Periods periods;
        for (const auto& row : rows) periods[row.period] = row.counted;
        return periods;
    });
}

void put_periods(db::Transaction& tx, std::int64_t challenge_id, std::int64_t user_id, const rules::Periods& periods) {
    for (const auto& [number, period] : periods) {
        if (period == rules::Period{})
            tx.defer(k_delete_period, challenge_id, user_id, number);
        else
            tx.defer(
                k_put_period.affected({.challenge_id = challenge_id, .user_id = user_id, .period = {.period = number, .counted = period}}));
    }
}

void delete_periods(db::Transaction& tx, std::int64_t challenge_id, std::int64_t user_id) {
    tx.defer(k_delete_periods, challenge_id, user_id);
}

void delete_all_periods(db::Transaction& tx, std::int64_t challenge_id) { tx.defer(k_delete_all_periods, challenge_id); }

db::Task<Page> ranking(db::Session& session, std::int64_t challenge_id, std::int64_t skip, std::int64_t limit) {
    Page page{.members = co_await session.get(k_ranking.all(challenge_id, limit, skip, challenge_id)), .first_rank = 1};
    if (skip == 0 || page.members.empty()) co_return page;
    const auto& first = page.members.front();
    const auto score = first.standing.score_ms;
    const auto total = first.standing.total_ms;
    const auto tied = co_await session.get(k_tied_before.one(challenge_id, score, total, challenge_id, score, total, first.joined_at_ms,
                                                             challenge_id, score, total, first.joined_at_ms, first.user_id));
    page.first_rank = skip + 1 - tied;
    co_return page;
}

db::Query<std::int64_t> position(const Member& member) {
    const auto id = member.challenge_id;
    const auto score = member.standing.score_ms;
    const auto total = member.standing.total_ms;
    return k_position.one(id, score, id, score, total, id, score, total, member.joined_at_ms, id, score, total, member.joined_at_ms,
                          member.user_id);
}

db::Query<std::int64_t> rank(std::int64_t challenge_id, std::int64_t score_ms) { return k_rank.one(challenge_id, score_ms); }

db::Query<std::optional<Member>> first(std::int64_t challenge_id) { return k_ranking.first(challenge_id, 1, 0, challenge_id); }

db::Query<std::vector<ScoreCount>> scores(std::int64_t challenge_id) { return k_scores.all(challenge_id); }

db::Query<std::vector<Member>> next_by_user(std::int64_t challenge_id, std::int64_t after_user_id, bool all, int limit) {
    return k_next_by_user.all(challenge_id, after_user_id, all ? 0 : 1, limit);
}

db::Query<std::vector<std::int64_t>> others(std::int64_t challenge_id, std::int64_t except_user_id, int limit) {
    return k_others.all(challenge_id, except_user_id, limit);
}

db::Task<std::vector<Place>> places(db::Session& session, std::vector<std::int64_t> user_ids, EpochMs now) {
    if (user_ids.empty()) co_return std::vector<Place>{};
    std::vector<db::Value> params{user_ids.begin(), user_ids.end()};
    params.emplace_back(now);
    co_return co_await session.get(db::composed<Place>(
        "challenge_members.places",
        "SELECT m.user_id, c.name, 1 + (SELECT COUNT(*) FROM challenge_members b WHERE b.challenge_id = c.id AND b.is_ranked = 1 AND "
        "b.score_ms > m.score_ms), c.participants_count FROM challenge_members m JOIN challenges c ON c.id = m.challenge_id WHERE "
        "m.user_id "
        "IN (" +
            db::places(user_ids.size()) + ") AND m.is_open = 1 AND c.starts_at_ms <= ? ORDER BY m.user_id, c.end_date, c.id",
        std::move(params)));
}

void insert_news(db::Transaction& tx, std::int64_t challenge_id, std::int64_t user_id) { tx.defer(k_insert_news, challenge_id, user_id); }

db::Task<std::vector<std::int64_t>> take_news(db::Transaction& tx, std::int64_t challenge_id, std::vector<std::int64_t> user_ids,
                                              EpochMs since, EpochMs now) {
    std::vector<std::int64_t> taken;
    if (user_ids.empty()) co_return taken;
    std::ranges::sort(user_ids); // all transactions lock them in the same order
    db::Batch batch;
    std::vector<db::Answer<std::uint64_t>> counts;
    for (const auto user_id : user_ids) counts.push_back(batch.add(db::affected(k_take_news, now, challenge_id, user_id, since)));
    co_await batch.run(tx);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (*counts[i] > 0) taken.push_back(user_ids[i]);
    }
    co_return taken;
}

std::vector<personal::Section> personal_data(db::Database& database) {
    return {personal::table_section(database, "challenges_created", k_personal_created),
            personal::table_section(database, "challenge_participations", k_personal_member)};
}

} // namespace focus::challenges::member_repository
