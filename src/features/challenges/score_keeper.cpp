#include "features/challenges/score_keeper.hpp"

#include "core/db/query.hpp"
#include "features/challenges/messages.hpp"

#include <algorithm>
#include <tuple>

namespace focus::challenges {

namespace {

constexpr std::size_t k_recount_step = 20; // members whose days are read at once

rules::Signed signed_records(const activities::Recorded& recorded) {
    rules::Signed records;
    for (const auto& change : recorded.changes) {
        if (change.before) records.emplace_back(&*change.before, -1);
        if (change.after) records.emplace_back(&*change.after, +1);
    }
    return records;
}

} // namespace

/// A challenge whose periods change, with the participant's row locked.
struct ScoreKeeper::Affected {
    OpenChallenge challenge;
    Member member;
    rules::Periods changes;
    rules::Periods was; // at least the periods that change
};

ScoreKeeper::ScoreKeeper(const Core& core, users::Service& users, notifications::Service& notifications)
    : clock_{core.clock}, users_{users}, notifications_{notifications} {}

activities::Reaction ScoreKeeper::prepare(const activities::Recorded& recorded, db::Batch& batch) {
    const auto records = signed_records(recorded);
    if (records.empty()) return {};
    const auto [first, last] = std::ranges::minmax(records, {}, [](const auto& record) { return record.first->activity_date; });
    const auto user_id = recorded.caller.user_id;
    // No user may join a challenge between this read and the commit. An inserted activity's foreign key locks the user's row
    // already (InnoDB locks the row that is referred to, shared).
    const bool is_held = std::ranges::any_of(recorded.changes, [](const auto& change) { return !change.before; });
    if (!is_held) std::ignore = batch.add(users::Service::hold(user_id));
    const auto open =
        batch.add(member_repository::counting(user_id, recorded.now_ms, first.first->activity_date, last.first->activity_date));
    return [this, &recorded, open](db::Transaction& tx) { return react(tx, recorded, std::move(*open)); };
}

db::Task<void> ScoreKeeper::react(db::Transaction& tx, const activities::Recorded& recorded, std::vector<OpenChallenge> open) {
    if (open.empty()) co_return;
    const auto user_id = recorded.caller.user_id;
    std::vector<OpenChallenge> moved;
    auto all = co_await lock_affected(tx, std::move(open), recorded);
    for (auto& affected : all) {
        auto& member = affected.member;
        const auto score_before = member.standing.score_ms;
        rules::Periods now_are;
        for (const auto& [number, change] : affected.changes) {
            const auto was = affected.was[number];
            const rules::Period is{was.used_ms + change.used_ms, was.sessions + change.sessions};
            rules::replace(member.standing, affected.challenge.terms, number, was, is);
            now_are[number] = is;
        }
        member_repository::put_periods(tx, member.challenge_id, user_id, now_are);
        member_repository::update(tx, member);
        if (member.standing.score_ms != score_before) moved.push_back(std::move(affected.challenge));
    }
    co_await refresh_leaders(tx, std::move(moved));
}

db::Task<std::vector<ScoreKeeper::Affected>> ScoreKeeper::lock_affected(db::Transaction& tx, std::vector<OpenChallenge> open,
                                                                        const activities::Recorded& recorded) {
    const auto user_id = recorded.caller.user_id;
    const auto records = signed_records(recorded);
    const auto periods_of = [user_id](std::int64_t challenge_id, const rules::Periods& changes) {
        if (changes.empty()) return member_repository::periods(challenge_id, user_id, 0, -1);
        return member_repository::periods(challenge_id, user_id, changes.begin()->first, changes.rbegin()->first);
    };
    db::Batch batch;
    std::vector<db::Answer<std::optional<Member>>> members;
    std::vector<db::Answer<rules::Periods>> periods;
    for (const auto& challenge : open) {
        members.push_back(batch.add(member_repository::find_for_update(challenge.id, user_id)));
        periods.push_back(batch.add(periods_of(challenge.id, rules::changes_of(challenge.terms, records))));
    }
    co_await batch.run(tx);

    std::vector<Affected> all;
    for (std::size_t i = 0; i < open.size(); ++i) {
        const auto& member = *members[i];
        if (!member || !member->is_open) continue; // left, or the results were frozen, a moment ago
        Affected affected{.challenge = std::move(open[i]), .member = *member, .changes = {}, .was = {}};
        auto& terms = affected.challenge.terms;
        const bool has_moved = terms.start != affected.member.start_date || terms.end != affected.member.end_date;
        terms.start = affected.member.start_date;
        terms.end = affected.member.end_date;
        affected.changes = rules::changes_of(terms, records);
        if (affected.changes.empty()) continue;
        if (has_moved)
            affected.was = co_await tx.get(periods_of(affected.challenge.id, affected.changes));
        else
            affected.was = *periods[i];
        all.push_back(std::move(affected));
    }
    co_return all;
}

db::Task<void> ScoreKeeper::refresh_leaders(db::Transaction& tx, std::vector<OpenChallenge> moved) {
    const auto now = clock_.now_ms();
    std::erase_if(moved, [now](const OpenChallenge& challenge) { return now < challenge.times.starts_at_ms; });
    if (moved.empty()) co_return;
    db::Batch batch;
    std::vector<db::Answer<std::optional<Member>>> firsts;
    std::vector<db::Answer<std::optional<Member>>> leaders;
    for (const auto& challenge : moved) {
        firsts.push_back(batch.add(member_repository::first(challenge.id)));
        leaders.push_back(batch.add(member_repository::find(challenge.id, challenge.leader_id.value_or(0))));
    }
    co_await batch.run(tx);
    for (std::size_t i = 0; i < moved.size(); ++i) {
        const auto& first = *firsts[i];
        const auto& leader = *leaders[i];
        if (!first || first->user_id == moved[i].leader_id || first->standing.score_ms == 0) continue;
        const bool leader_is_ranked = leader && leader->is_ranked;
        if (leader_is_ranked && leader->standing.score_ms == first->standing.score_ms) continue; // they share the first place
        if (!co_await tx.get(repository::replace_leader(moved[i].id, moved[i].leader_id, first->user_id))) continue; // another was faster
        if (leader_is_ranked) co_await announce_leader(tx, moved[i], leader->user_id, first->user_id);
    }
}

db::Task<void> ScoreKeeper::announce_leader(db::Transaction& tx, const OpenChallenge& challenge, std::int64_t former_id,
                                            std::int64_t leader_id) {
    std::vector<std::int64_t> concerned{former_id, leader_id};
    const auto told = co_await take_news(tx, challenge.id, challenge.times, std::move(concerned));
    if (told.empty()) co_return;
    std::vector<std::int64_t> whose{leader_id};
    const auto names = co_await users_.public_users(tx, std::move(whose));
    const auto leader = names.find(leader_id);
    for (const auto user_id : told) {
        auto draft = user_id == leader_id ? messages::you_lead(challenge.id, challenge.name)
                                          : messages::overtaken(challenge.id, challenge.name,
                                                                {leader_id, leader == names.end() ? "" : leader->second.username});
        co_await notifications_.add(tx, user_id, std::move(draft));
    }
}

db::Task<std::vector<std::int64_t>> ScoreKeeper::take_news(db::Transaction& tx, std::int64_t challenge_id, rules::Times times,
                                                           std::vector<std::int64_t> user_ids) {
    const auto now = clock_.now_ms();
    if (!rules::may_tell(times, now)) co_return std::vector<std::int64_t>{};
    co_return co_await member_repository::take_news(tx, challenge_id, std::move(user_ids), now - rules::k_news_pause_ms, now);
}

db::Task<void> ScoreKeeper::recount(db::Transaction& tx, rules::Terms terms, std::vector<Member*> members) {
    for (std::size_t at = 0; at < members.size(); at += k_recount_step) {
        const auto end = std::min(members.size(), at + k_recount_step);
        std::vector<std::int64_t> user_ids;
        for (std::size_t i = at; i < end; ++i) user_ids.push_back(members[i]->user_id);
        std::map<std::int64_t, std::vector<activities::TargetDay>> usage;
        const auto days = co_await activities::Service::target_days_of(tx, std::move(user_ids), terms.start, terms.end, terms.target_keys);
        for (const auto& day : days) usage[day.user_id].push_back(day);
        for (std::size_t i = at; i < end; ++i) {
            auto& member = *members[i];
            const auto periods = rules::periods_of(terms, usage[member.user_id]);
            member.start_date = terms.start;
            member.end_date = terms.end;
            member.standing = rules::standing_of(terms, periods);
            member_repository::put_periods(tx, member.challenge_id, member.user_id, periods);
        }
    }
}

} // namespace focus::challenges
