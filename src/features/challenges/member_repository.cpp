#include "features/challenges/member_repository.hpp"

#include <algorithm>

namespace focus::challenges::member_repository {

namespace {

#define FOCUS_MEMBER_COLUMNS                                                                                                               \
    "m.challenge_id, m.user_id, m.start_date, m.end_date, m.is_open, m.is_ranked, m.score_ms, m.total_ms, m.scored, m.missed, "            \
    "m.joined_at_ms, m.left_at_ms"
#define FOCUS_RANKED "b.challenge_id = ? AND b.is_ranked = 1"
#define FOCUS_RANKING_ORDER " ORDER BY b.score_ms DESC, b.total_ms, b.joined_at_ms, b.user_id"

constexpr db::Statement k_find{"challenge_members.find",
                               "SELECT " FOCUS_MEMBER_COLUMNS " FROM challenge_members m WHERE m.challenge_id = ? AND m.user_id = ?"};
constexpr db::Statement k_find_for_update{
    "challenge_members.find_for_update",
    db::Sql{"SELECT " FOCUS_MEMBER_COLUMNS " FROM challenge_members m WHERE m.challenge_id = ? AND m.user_id = ?",
            "SELECT " FOCUS_MEMBER_COLUMNS " FROM challenge_members m WHERE m.challenge_id = ? AND m.user_id = ? FOR UPDATE"}};
constexpr db::Statement k_lock_open{
    "challenge_members.lock_open",
    db::Sql{"SELECT " FOCUS_MEMBER_COLUMNS " FROM challenge_members m WHERE m.challenge_id = ? AND m.is_open = 1",
            "SELECT " FOCUS_MEMBER_COLUMNS " FROM challenge_members m WHERE m.challenge_id = ? AND m.is_open = 1 FOR UPDATE"}};
constexpr db::Statement k_list_open{"challenge_members.list_open", k_lock_open.sql.sqlite};
constexpr db::Statement k_count_ranked{"challenge_members.count_ranked",
                                       "SELECT COUNT(*) FROM challenge_members WHERE challenge_id = ? AND is_ranked = 1"};
constexpr db::Statement k_insert{
    "challenge_members.insert", "INSERT INTO challenge_members (challenge_id, user_id, start_date, end_date, is_open, is_ranked, score_ms, "
                                "total_ms, scored, missed, joined_at_ms, left_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_update{
    "challenge_members.update",
    "UPDATE challenge_members SET start_date = ?, end_date = ?, is_open = ?, is_ranked = ?, score_ms = ?, "
    "total_ms = ?, scored = ?, missed = ?, joined_at_ms = ?, left_at_ms = ? WHERE challenge_id = ? AND user_id = ?"};
constexpr db::Statement k_close_all{"challenge_members.close_all",
                                    "UPDATE challenge_members SET is_open = 0 WHERE challenge_id = ? AND is_open = 1"};
constexpr db::Statement k_remove_up_to{"challenge_members.remove_up_to",
                                       "DELETE FROM challenge_members WHERE challenge_id = ? AND user_id <= ?"};
constexpr db::Statement k_count_open{"challenge_members.count_open",
                                     "SELECT COUNT(*) FROM challenge_members WHERE user_id = ? AND is_open = 1"};
constexpr db::Statement k_open_challenges{
    "challenge_members.open_challenges",
    "SELECT challenge_id FROM challenge_members WHERE user_id = ? AND is_open = 1 ORDER BY challenge_id"};
constexpr db::Statement k_counting{
    "challenge_members.counting",
    "SELECT c.id, c.name, c.type, c.target_ms, c.target_apps, c.starts_at_ms, c.ends_at_ms, c.freezes_at_ms, c.leader_id, m.start_date, "
    "m.end_date FROM challenge_members m JOIN challenges c ON c.id = m.challenge_id WHERE m.user_id = ? AND m.is_open = 1 AND "
    "c.freezes_at_ms > ? AND (c.starts_at_ms > ? OR (m.start_date <= ? AND m.end_date >= ?)) ORDER BY c.id"};
constexpr db::Statement k_periods{
    "challenge_scores.periods",
    "SELECT period, used_ms, sessions FROM challenge_scores WHERE challenge_id = ? AND user_id = ? AND period BETWEEN ? AND ?"};
constexpr db::Statement k_put_period{
    "challenge_scores.put",
    db::Sql{"INSERT INTO challenge_scores (challenge_id, user_id, period, used_ms, sessions) VALUES (?, ?, ?, ?, ?) ON CONFLICT "
            "(challenge_id, user_id, period) DO UPDATE SET used_ms = excluded.used_ms, sessions = excluded.sessions",
            "INSERT INTO challenge_scores (challenge_id, user_id, period, used_ms, sessions) VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY "
            "UPDATE used_ms = VALUES(used_ms), sessions = VALUES(sessions)"}};
constexpr db::Statement k_delete_period{"challenge_scores.delete_period",
                                        "DELETE FROM challenge_scores WHERE challenge_id = ? AND user_id = ? AND period = ?"};
constexpr db::Statement k_delete_periods{"challenge_scores.delete", "DELETE FROM challenge_scores WHERE challenge_id = ? AND user_id = ?"};
constexpr db::Statement k_delete_all_periods{"challenge_scores.delete_all", "DELETE FROM challenge_scores WHERE challenge_id = ?"};

// The inner query runs over the index alone, however far down the page is.
constexpr db::Statement k_ranking{"challenge_members.ranking",
                                  "SELECT " FOCUS_MEMBER_COLUMNS
                                  " FROM (SELECT b.user_id FROM challenge_members b WHERE " FOCUS_RANKED FOCUS_RANKING_ORDER
                                  " LIMIT ? OFFSET ?) p JOIN challenge_members m ON m.challenge_id = ? AND m.user_id = p.user_id "
                                  "ORDER BY m.score_ms DESC, m.total_ms, m.joined_at_ms, m.user_id"};
constexpr db::Statement k_rank{"challenge_members.rank",
                               "SELECT 1 + COUNT(*) FROM challenge_members b WHERE " FOCUS_RANKED " AND b.score_ms > ?"};
// Whoever has the same score and stands before this one.
#define FOCUS_TIED_BEFORE                                                                                                                  \
    "(SELECT COUNT(*) FROM challenge_members b WHERE " FOCUS_RANKED " AND b.score_ms = ? AND b.total_ms < ?) + "                           \
    "(SELECT COUNT(*) FROM challenge_members b WHERE " FOCUS_RANKED " AND b.score_ms = ? AND b.total_ms = ? AND b.joined_at_ms < ?) + "    \
    "(SELECT COUNT(*) FROM challenge_members b WHERE " FOCUS_RANKED                                                                        \
    " AND b.score_ms = ? AND b.total_ms = ? AND b.joined_at_ms = ? AND b.user_id < ?)"
constexpr db::Statement k_tied_before{"challenge_members.tied_before", "SELECT " FOCUS_TIED_BEFORE};
constexpr db::Statement k_position{"challenge_members.position", "SELECT (SELECT COUNT(*) FROM challenge_members b WHERE " FOCUS_RANKED
                                                                 " AND b.score_ms > ?) + " FOCUS_TIED_BEFORE};
constexpr db::Statement k_scores{"challenge_members.scores", "SELECT b.score_ms, COUNT(*) FROM challenge_members b WHERE " FOCUS_RANKED
                                                             " GROUP BY b.score_ms ORDER BY b.score_ms DESC"};
constexpr db::Statement k_next_by_user{
    "challenge_members.next_by_user", "SELECT " FOCUS_MEMBER_COLUMNS " FROM challenge_members m WHERE m.challenge_id = ? AND m.user_id > ? "
                                      "AND m.is_ranked >= ? ORDER BY m.user_id LIMIT ?"};
constexpr db::Statement k_others{"challenge_members.others", "SELECT b.user_id FROM challenge_members b WHERE " FOCUS_RANKED
                                                             " AND b.user_id <> ? ORDER BY b.user_id LIMIT ?"};
constexpr db::Statement k_insert_news{
    "challenge_news.insert",
    db::Sql{
        "INSERT INTO challenge_news (challenge_id, user_id, told_at_ms) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
        "INSERT INTO challenge_news (challenge_id, user_id, told_at_ms) VALUES (?, ?, 0) ON DUPLICATE KEY UPDATE told_at_ms = told_at_ms"}};
constexpr db::Statement k_take_news{"challenge_news.take",
                                    "UPDATE challenge_news SET told_at_ms = ? WHERE challenge_id = ? AND user_id = ? AND told_at_ms <= ?"};

Member member_of(const db::Row& row) {
    return {.challenge_id = row.get<std::int64_t>(0),
            .user_id = row.get<std::int64_t>(1),
            .start = Day::parse(row.get<std::string_view>(2)).value_or(Day{}),
            .end = Day::parse(row.get<std::string_view>(3)).value_or(Day{}),
            .is_open = row.get<bool>(4),
            .is_ranked = row.get<bool>(5),
            .standing = {row.get<std::int64_t>(6), row.get<std::int64_t>(7), row.get<std::int64_t>(8), row.get<std::int64_t>(9)},
            .joined_at_ms = row.get<EpochMs>(10),
            .left_at_ms = row.get<std::optional<EpochMs>>(11)};
}

std::vector<Member> members_of(const db::Result& result) {
    std::vector<Member> members;
    members.reserve(result.rows.size());
    for (const auto& row : result.rows) members.push_back(member_of(row));
    return members;
}

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

db::Command find_command(std::int64_t challenge_id, std::int64_t user_id, bool lock) {
    return db::Command::of(lock ? k_find_for_update : k_find, challenge_id, user_id);
}

std::optional<Member> found(const db::Result& result) {
    return result.rows.empty() ? std::nullopt : std::optional{member_of(result.rows.front())};
}

db::Task<std::vector<Member>> lock_open(db::Transaction& tx, std::int64_t challenge_id) {
    co_return members_of(co_await tx.execute(k_lock_open, challenge_id));
}

db::Task<std::vector<Member>> list_open(db::Session& session, std::int64_t challenge_id) {
    co_return members_of(co_await session.execute(k_list_open, challenge_id));
}

db::Task<std::int64_t> count_ranked(db::Session& session, std::int64_t challenge_id) {
    co_return (co_await session.execute(k_count_ranked, challenge_id)).rows.at(0).get<std::int64_t>(0);
}

void insert(db::Transaction& tx, const Member& member) {
    const auto& standing = member.standing;
    tx.defer(k_insert, member.challenge_id, member.user_id, member.start.to_string(), member.end.to_string(), member.is_open,
             member.is_ranked, standing.score_ms, standing.total_ms, standing.scored, standing.missed, member.joined_at_ms,
             member.left_at_ms);
}

void update(db::Transaction& tx, const Member& member) {
    const auto& standing = member.standing;
    tx.defer(k_update, member.start.to_string(), member.end.to_string(), member.is_open, member.is_ranked, standing.score_ms,
             standing.total_ms, standing.scored, standing.missed, member.joined_at_ms, member.left_at_ms, member.challenge_id,
             member.user_id);
}

void close_all(db::Transaction& tx, std::int64_t challenge_id) { tx.defer(k_close_all, challenge_id); }

db::Task<void> remove_up_to(db::Transaction& tx, std::int64_t challenge_id, std::int64_t user_id) {
    co_await tx.execute(k_remove_up_to, challenge_id, user_id);
}

db::Task<std::int64_t> count_open(db::Session& session, std::int64_t user_id) {
    co_return (co_await session.execute(k_count_open, user_id)).rows.at(0).get<std::int64_t>(0);
}

db::Task<std::vector<std::int64_t>> open_challenges(db::Session& session, std::int64_t user_id) {
    std::vector<std::int64_t> ids;
    const auto result = co_await session.execute(k_open_challenges, user_id);
    for (const auto& row : result.rows) ids.push_back(row.get<std::int64_t>(0));
    co_return ids;
}

db::Command counting_command(std::int64_t user_id, EpochMs now, Day first, Day last) {
    // A minute's margin: clocks of instances may differ.
    return db::Command::of(k_counting, user_id, now, now - k_minute_ms, last.to_string(), first.to_string());
}

std::vector<OpenChallenge> counting_of(const db::Result& result) {
    std::vector<OpenChallenge> challenges;
    for (const auto& row : result.rows) {
        OpenChallenge challenge;
        challenge.id = row.get<std::int64_t>(0);
        challenge.name = row.get<std::string>(1);
        challenge.terms.type = type_of(row.get<std::string_view>(2));
        challenge.terms.target_ms = row.get<std::int64_t>(3);
        challenge.terms.target_keys = rules::keys_of(json::parse<std::vector<std::string>>(row.get<std::string_view>(4), "target_apps"));
        challenge.times = {row.get<EpochMs>(5), row.get<EpochMs>(6), row.get<EpochMs>(7)};
        challenge.leader_id = row.get<std::optional<std::int64_t>>(8).value_or(0);
        challenge.terms.start = Day::parse(row.get<std::string_view>(9)).value_or(Day{});
        challenge.terms.end = Day::parse(row.get<std::string_view>(10)).value_or(Day{});
        challenges.push_back(std::move(challenge));
    }
    return challenges;
}

db::Command periods_command(std::int64_t challenge_id, std::int64_t user_id, int first, int last) {
    return db::Command::of(k_periods, challenge_id, user_id, first, last);
}

rules::Periods periods_of(const db::Result& result) {
    rules::Periods periods;
    for (const auto& row : result.rows) periods[row.get<int>(0)] = {row.get<std::int64_t>(1), row.get<std::int64_t>(2)};
    return periods;
}

void put_periods(db::Transaction& tx, std::int64_t challenge_id, std::int64_t user_id, const rules::Periods& periods) {
    for (const auto& [number, period] : periods) {
        if (period == rules::Period{})
            tx.defer(k_delete_period, challenge_id, user_id, number);
        else
            tx.defer(k_put_period, challenge_id, user_id, number, period.used_ms, period.sessions);
    }
}

void delete_periods(db::Transaction& tx, std::int64_t challenge_id, std::int64_t user_id) {
    tx.defer(k_delete_periods, challenge_id, user_id);
}

void delete_all_periods(db::Transaction& tx, std::int64_t challenge_id) { tx.defer(k_delete_all_periods, challenge_id); }

db::Task<Page> ranking(db::Session& session, std::int64_t challenge_id, std::int64_t skip, std::int64_t limit) {
    Page page{.members = members_of(co_await session.execute(k_ranking, challenge_id, limit, skip, challenge_id)), .first_rank = 1};
    if (skip == 0 || page.members.empty()) co_return page;
    const auto& first = page.members.front();
    const auto score = first.standing.score_ms;
    const auto total = first.standing.total_ms;
    const auto tied = co_await session.find(k_tied_before, challenge_id, score, total, challenge_id, score, total, first.joined_at_ms,
                                            challenge_id, score, total, first.joined_at_ms, first.user_id);
    page.first_rank = skip + 1 - tied->get<std::int64_t>(0);
    co_return page;
}

db::Task<std::int64_t> position(db::Session& session, Member member) {
    const auto id = member.challenge_id;
    const auto score = member.standing.score_ms;
    const auto total = member.standing.total_ms;
    const auto row = co_await session.find(k_position, id, score, id, score, total, id, score, total, member.joined_at_ms, id, score, total,
                                           member.joined_at_ms, member.user_id);
    co_return row->get<std::int64_t>(0);
}

db::Task<std::int64_t> rank(db::Session& session, std::int64_t challenge_id, std::int64_t score_ms) {
    const auto row = co_await session.find(k_rank, challenge_id, score_ms);
    co_return row->get<std::int64_t>(0);
}

db::Command first_command(std::int64_t challenge_id) { return db::Command::of(k_ranking, challenge_id, 1, 0, challenge_id); }

db::Task<std::vector<std::pair<std::int64_t, std::int64_t>>> scores(db::Session& session, std::int64_t challenge_id) {
    std::vector<std::pair<std::int64_t, std::int64_t>> found;
    const auto result = co_await session.execute(k_scores, challenge_id);
    for (const auto& row : result.rows) found.emplace_back(row.get<std::int64_t>(0), row.get<std::int64_t>(1));
    co_return found;
}

db::Task<std::vector<Member>> next_by_user(db::Session& session, std::int64_t challenge_id, std::int64_t after_user_id, bool all,
                                           int limit) {
    co_return members_of(co_await session.execute(k_next_by_user, challenge_id, after_user_id, all ? 0 : 1, limit));
}

db::Task<std::vector<std::int64_t>> others(db::Session& session, std::int64_t challenge_id, std::int64_t except_user_id, int limit) {
    std::vector<std::int64_t> ids;
    const auto result = co_await session.execute(k_others, challenge_id, except_user_id, limit);
    for (const auto& row : result.rows) ids.push_back(row.get<std::int64_t>(0));
    co_return ids;
}

db::Task<std::vector<Place>> places(db::Session& session, std::vector<std::int64_t> user_ids, EpochMs now) {
    std::vector<Place> found;
    if (user_ids.empty()) co_return found;
    std::vector<db::Value> params{user_ids.begin(), user_ids.end()};
    params.emplace_back(now);
    const auto result = co_await session.run_one(db::Command::composed(
        "challenge_members.places",
        "SELECT m.user_id, c.name, 1 + (SELECT COUNT(*) FROM challenge_members b WHERE b.challenge_id = c.id AND b.is_ranked = 1 AND "
        "b.score_ms > m.score_ms), c.participants_count FROM challenge_members m JOIN challenges c ON c.id = m.challenge_id WHERE "
        "m.user_id "
        "IN (" +
            db::places(user_ids.size()) + ") AND m.is_open = 1 AND c.starts_at_ms <= ? ORDER BY m.user_id, c.end_date, c.id",
        std::move(params)));
    for (const auto& row : result.rows) {
        found.push_back({row.get<std::int64_t>(0), row.get<std::string>(1), row.get<std::int64_t>(2), row.get<std::int64_t>(3)});
    }
    co_return found;
}

void insert_news(db::Transaction& tx, std::int64_t challenge_id, std::int64_t user_id) { tx.defer(k_insert_news, challenge_id, user_id); }

db::Task<std::vector<std::int64_t>> take_news(db::Transaction& tx, std::int64_t challenge_id, std::vector<std::int64_t> user_ids,
                                              EpochMs since, EpochMs now) {
    std::vector<std::int64_t> taken;
    if (user_ids.empty()) co_return taken;
    std::ranges::sort(user_ids); // everybody takes them in the same order
    std::vector<db::Command> commands;
    for (const auto user_id : user_ids) commands.push_back(db::Command::of(k_take_news, now, challenge_id, user_id, since));
    const auto results = co_await tx.run(std::move(commands));
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (results[i].affected > 0) taken.push_back(user_ids[i]);
    }
    co_return taken;
}

std::vector<personal::Section> personal_data(db::Database& database) {
    return {personal::table_section(database, "challenges_created", k_personal_created),
            personal::table_section(database, "challenge_participations", k_personal_member)};
}

} // namespace focus::challenges::member_repository
