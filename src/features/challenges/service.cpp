#include "features/challenges/service.hpp"

#include "core/crypto/crypto.hpp"
#include "core/idempotency/idempotency.hpp"
#include "features/challenges/errors.hpp"

#include <cmath>

namespace focus::challenges {

namespace {

constexpr std::size_t k_code_characters = 10; // 49 bits

users::PublicUser shown(const std::map<std::int64_t, users::PublicUser>& users, std::int64_t id, Language language) {
    const auto found = users.find(id);
    if (found != users.end()) return found->second;
    users::PublicUser nobody;
    nobody.id = id;
    nobody.username = k_deleted_user.in(language);
    return nobody;
}

std::optional<std::string> or_null(const auto& text) {
    return text && !text->value.empty() ? std::optional<std::string>{text->value} : std::nullopt;
}

Row row_of(const Caller& caller, const NewChallenge& input, EpochMs now) {
    Row row;
    row.name = input.name.value;
    row.description = or_null(input.description);
    row.creator_id = caller.user_id;
    row.type = input.challenge_type.value;
    row.target_apps = input.target_apps.names;
    row.target_ms = input.target_minutes.value.value.ms;
    row.start_date = input.start_date.value;
    row.end_date = input.end_date.value;
    row.timezone = caller.zone;
    row.course.times = rules::times_of(row.start_date, row.end_date, row.timezone);
    row.is_public = input.is_public.value;
    if (!row.is_public) row.invitation_code = crypto::random_code(k_code_characters);
    row.max_participants = input.max_participants.value.value;
    row.is_start_told = now >= row.course.times.starts_at_ms; // no participant to notify yet
    row.created_at_ms = now;
    row.updated_at_ms = now;
    return row;
}

double average_minutes(std::int64_t ms, int days) {
    return std::round(static_cast<double>(ms) / static_cast<double>(k_minute_ms) / days * 100.0) / 100.0;
}

} // namespace

Service::Service(const Core& core, users::Service& users, notifications::Service& notifications)
    : db_{core.database}, clock_{core.clock}, users_{users}, notifications_{notifications}, scores_{core, users, notifications},
      course_{core, users, notifications}, created_{core.metrics.counter("focus_api_challenges_created_total", "Challenges made.")} {}

activities::Follower Service::follower() {
    return [this](const activities::Recorded& recorded, db::Batch& batch) { return scores_.prepare(recorded, batch); };
}

db::Task<Challenge> Service::create(Caller caller, Origin origin, NewChallenge input) {
    const auto now = clock_.now_ms();
    const auto fresh = row_of(caller, input, now);
    rules::require_dates(fresh.start_date, fresh.end_date, caller.zone.day_of(now));
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Challenge> {
        auto row = fresh;
        const auto creator = co_await users_.find_for_update(tx, caller.user_id);
        if (!creator) throw not_found();
        row.id = co_await tx.get(repository::insert(row));
        co_await add_member(tx, caller.user_id, row);
        audit(tx, origin, caller, "challenge_created", "Challenge created", row.id);
        tx.after_commit([this] { created_.add(); });
        auto created = co_await find_wire(tx, caller, row.id);
        idempotency::keep(tx, origin, created, now);
        co_return created;
    });
}

db::Task<std::array<std::int64_t, 4>> Service::count_by_status() { return db_.get(repository::count_by_status(clock_.now_ms())); }

db::Task<ViewedRow> Service::find_visible(db::Session& session, Caller caller, std::int64_t id) {
    auto found = co_await session.get(repository::find(id, caller.user_id));
    if (!found) throw not_found();
    const auto& row = found->row;
    if (!row.is_public && !found->is_member && row.creator_id != caller.user_id) throw Error{k_not_a_participant};
    co_return std::move(*found);
}

db::Task<Challenge> Service::get(Caller caller, std::int64_t id) { return find_wire(db_, caller, id); }

db::Task<Listed> Service::list(Caller caller, ListQuery query) { return list_some(caller, std::move(query), true); }

db::Task<Listed> Service::list_all(Caller caller, ListQuery query) { return list_some(caller, std::move(query), false); }

db::Task<Listed> Service::list_some(Caller caller, ListQuery query, bool public_only) {
    const auto now = clock_.now_ms();
    repository::Filter filter{.public_only = public_only, .status = query.status, .name = std::nullopt};
    if (query.q) filter.name = query.q->value;
    const auto sort = query.sort.value_or(Sort{});
    auto rows = co_await db_.get(repository::list(filter, sort, caller.user_id, now, query.skip.value, query.limit.value));
    Listed listed;
    listed.items = co_await to_wire(db_, caller, std::move(rows));
    listed.total = co_await db_.get(repository::count(filter, now));
    co_return listed;
}

db::Task<Listed> Service::list_mine(Caller caller, MineQuery query) {
    const auto now = clock_.now_ms();
    const auto user_id = caller.user_id;
    auto rows = co_await db_.get(repository::list_of_user(user_id, query.status, now, query.skip.value, query.limit.value));
    Listed listed;
    listed.items = co_await to_wire(db_, caller, std::move(rows));
    listed.total = co_await db_.get(repository::count_of_user(user_id, query.status, now));
    co_return listed;
}

db::Task<Challenge> Service::find_wire(db::Session& session, Caller caller, std::int64_t id) {
    std::vector<ViewedRow> rows;
    rows.push_back(co_await find_visible(session, caller, id));
    auto challenges = co_await to_wire(session, caller, std::move(rows));
    co_return std::move(challenges.front());
}

db::Task<std::vector<Challenge>> Service::to_wire(db::Session& session, Caller caller, std::vector<ViewedRow> rows) {
    const auto now = clock_.now_ms();
    std::vector<std::int64_t> named;
    for (const auto& [row, is_member, my_rank] : rows) {
        named.push_back(row.creator_id);
        if (row.winner_id) named.push_back(*row.winner_id);
    }
    const auto users = co_await users_.public_users(session, std::move(named));
    std::vector<Challenge> challenges;
    challenges.reserve(rows.size());
    for (auto& [row, is_member, my_rank] : rows) {
        Challenge challenge;
        challenge.id = row.id;
        challenge.name = std::move(row.name);
        challenge.description = std::move(row.description);
        challenge.creator = shown(users, row.creator_id, caller.language);
        challenge.creator_id = row.creator_id;
        challenge.challenge_type = row.type;
        challenge.target_apps = std::move(row.target_apps);
        challenge.target_minutes = {row.target_ms};
        challenge.start_date = {row.start_date};
        challenge.end_date = {row.end_date};
        challenge.timezone = row.timezone.name();
        challenge.is_public = row.is_public;
        if (is_member || row.creator_id == caller.user_id) challenge.invitation_code = std::move(row.invitation_code);
        challenge.max_participants = row.max_participants;
        challenge.participants_count = row.participants_count;
        challenge.status = rules::status_at(row.course, now);
        challenge.is_member = is_member;
        challenge.my_rank = my_rank;
        if (row.winner_id) challenge.winner = shown(users, *row.winner_id, caller.language);
        challenge.results_at = {row.course.times.freezes_at_ms};
        challenge.created_at = {row.created_at_ms};
        challenge.updated_at = {row.updated_at_ms};
        challenges.push_back(std::move(challenge));
    }
    co_return challenges;
}

db::Task<Row> Service::find_own_for_update(db::Transaction& tx, Caller caller, std::int64_t id) {
    auto row = co_await tx.get(repository::find_for_update(id));
    if (!row) throw not_found();
    if (row->creator_id != caller.user_id) throw Error{k_not_the_creator};
    co_return std::move(*row);
}

db::Task<Challenge> Service::update(Caller caller, Origin origin, std::int64_t id, UpdateChallenge change) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        auto row = co_await find_own_for_update(tx, caller, id);
        if (change.name.value) row.name = change.name.value->value;
        if (change.description.present) row.description = or_null(change.description.value);
        const auto start = change.start_date.value ? change.start_date.value->value : row.start_date;
        const auto end = change.end_date.value ? change.end_date.value->value : row.end_date;
        if (start != row.start_date || end != row.end_date) co_await move_dates(tx, row, start, end);
        row.updated_at_ms = clock_.now_ms();
        repository::update(tx, row);
        audit(tx, origin, caller, "challenge_updated", "Challenge changed", id);
    });
    co_return co_await get(caller, id);
}

db::Task<void> Service::move_dates(db::Transaction& tx, Row& row, Day start, Day end) {
    const auto now = clock_.now_ms();
    if (rules::status_at(row.course, now) != Status::upcoming) throw Error{k_already_started};
    rules::require_dates(start, end, row.timezone.day_of(now));
    row.start_date = start;
    row.end_date = end;
    row.course.times = rules::times_of(start, end, row.timezone);
    // Some may have data already: where the local date is ahead, and when the start moves to today.
    auto members = co_await tx.get(member_repository::lock_open(row.id));
    member_repository::delete_all_periods(tx, row.id);
    std::vector<Member*> pointers;
    for (auto& member : members) pointers.push_back(&member);
    co_await scores_.recount(tx, terms_of(row), std::move(pointers));
    for (const auto& member : members) member_repository::update(tx, member);
}

db::Task<Challenge> Service::cancel(Caller caller, Origin origin, std::int64_t id) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        auto row = co_await find_own_for_update(tx, caller, id);
        const auto now = clock_.now_ms();
        if (row.course.cancelled_at_ms || row.course.frozen_at_ms || now >= row.course.times.ends_at_ms) throw Error{k_challenge_ended};
        row.course.cancelled_at_ms = now;
        row.updated_at_ms = now;
        course_.begin_news(row, News::cancelled);
        member_repository::close_all(tx, id);
        repository::update(tx, row);
        audit(tx, origin, caller, "challenge_cancelled", "Challenge cancelled", id);
    });
    co_return co_await get(caller, id);
}

db::Task<void> Service::remove(Caller caller, Origin origin, std::int64_t id, bool as_admin) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        auto row = co_await tx.get(repository::find_for_update(id));
        if (!row) throw not_found();
        if (!as_admin && row->creator_id != caller.user_id) throw Error{k_not_the_creator};
        const auto now = clock_.now_ms();
        row->deleted_at_ms = now;
        row->updated_at_ms = now;
        row->invitation_code.reset();
        course_.begin_news(*row, News::deleted);
        member_repository::close_all(tx, id);
        repository::update(tx, *row);
        audit(tx, origin, caller, "challenge_deleted", as_admin ? "Challenge deleted by an administrator" : "Challenge deleted", id);
    });
}

db::Task<Ranking> Service::leaderboard(Caller caller, std::int64_t id, LeaderboardQuery query) {
    const auto [row, is_member, my_rank] = co_await find_visible(db_, caller, id);
    Ranking ranking{.items = {}, .total = row.participants_count, .skip = query.skip.value.value};
    const auto limit = query.limit.value.value;
    if (query.around) {
        const auto me = co_await db_.get(member_repository::find(id, caller.user_id));
        if (!me || !me->is_ranked) throw Error{k_not_a_member};
        const auto position = co_await db_.get(member_repository::position(*me));
        ranking.skip = std::max<std::int64_t>(0, std::min(position - limit / 2, ranking.total - limit));
    }
    const auto page = co_await member_repository::ranking(db_, id, ranking.skip, limit);
    std::vector<std::int64_t> named;
    for (const auto& member : page.members) named.push_back(member.user_id);
    const auto users = co_await users_.public_users(db_, std::move(named));
    const int days = rules::days_so_far(row.start_date, row.end_date, row.timezone.day_of(clock_.now_ms()));
    auto rank = page.first_rank;
    auto place = ranking.skip + 1;
    for (const auto& member : page.members) {
        const bool is_first = ranking.items.empty();
        if (!is_first && member.standing.score_ms != ranking.items.back().score.ms) rank = place;
        ++place;
        auto user = shown(users, member.user_id, caller.language);
        ranking.items.push_back({.rank = rank,
                                 .user_id = member.user_id,
                                 .username = std::move(user.username),
                                 .full_name = std::move(user.full_name),
                                 .avatar_url = std::move(user.avatar_url),
                                 .score = {member.standing.score_ms},
                                 .total_time_minutes = {member.standing.total_ms},
                                 .daily_average = average_minutes(member.standing.total_ms, days),
                                 .goal_achieved = rules::goal_achieved(member.standing),
                                 .is_me = member.user_id == caller.user_id});
    }
    co_return ranking;
}

db::Task<std::vector<Place>> Service::places(db::Session& session, std::vector<std::int64_t> user_ids) {
    return member_repository::places(session, std::move(user_ids), clock_.now_ms());
}

void Service::audit(db::Transaction& tx, const Origin& origin, const Caller& caller, std::string_view action, std::string message,
                    std::int64_t id) const {
    audit::record(
        tx, origin,
        {.action = action, .message = std::move(message), .user_id = caller.user_id, .resource_type = "challenge", .resource_id = id},
        clock_.now_ms());
}

std::vector<personal::Section> Service::personal_data() { return member_repository::personal_data(db_); }

} // namespace focus::challenges
