#include "features/challenges/module.hpp"

#include "core/db/query.hpp"
#include "features/activities/service.hpp"
#include "features/challenges/member_repository.hpp"

#include <algorithm>
#include <format>
#include <limits>
#include <map>
#include <optional>

namespace focus::challenges {

namespace {

constexpr std::size_t k_members_at_once = 100;

/// What is stored for one participant and what is correct.
struct Line {
    Member& member;
    rules::Periods stored;
    rules::Periods counted;
};

/// The periods to write: those that differ, and those that have no data any more.
rules::Periods changed_periods(const Line& line) {
    rules::Periods changed;
    for (const auto& [number, period] : line.counted) {
        const auto was = line.stored.find(number);
        if (was == line.stored.end() ? period != rules::Period{} : was->second != period) changed[number] = period;
    }
    for (const auto& [number, period] : line.stored) {
        if (!line.counted.contains(number)) changed[number] = rules::Period{};
    }
    return changed;
}

void compare(const rules::Terms& terms, Line line, db::Transaction* repair, recount::Report& report) {
    auto& member = line.member;
    const auto key = std::format("challenge {}, user {}", member.challenge_id, member.user_id);
    const auto periods = changed_periods(line);
    for (const auto& [number, period] : periods) {
        const auto was = line.stored.contains(number) ? line.stored.at(number) : rules::Period{};
        report.differs("challenge_scores", std::format("{}, period {}", key, number), was.used_ms, period.used_ms);
    }
    const auto standing = rules::standing_of(terms, line.counted);
    const bool is_other = standing != member.standing;
    if (is_other) report.differs("challenge_members", key, member.standing.score_ms, standing.score_ms);
    if (repair == nullptr || (periods.empty() && !is_other)) return;
    member.standing = standing;
    member_repository::put_periods(*repair, member.challenge_id, member.user_id, periods);
    member_repository::update(*repair, member);
}

db::Task<void> compare_members(db::Session& session, rules::Terms terms, std::vector<Member> members, db::Transaction* repair,
                               recount::Report& report) {
    for (std::size_t at = 0; at < members.size(); at += k_members_at_once) {
        const auto end = std::min(members.size(), at + k_members_at_once);
        std::vector<std::int64_t> user_ids;
        db::Batch batch;
        std::vector<db::Answer<rules::Periods>> stored;
        for (std::size_t i = at; i < end; ++i) {
            user_ids.push_back(members[i].user_id);
            stored.push_back(
                batch.add(member_repository::periods(members[i].challenge_id, members[i].user_id, 0, std::numeric_limits<int>::max())));
        }
        co_await batch.run(session);
        std::map<std::int64_t, std::vector<activities::TargetDay>> usage;
        const auto days =
            co_await activities::Service::target_days_of(session, std::move(user_ids), terms.start, terms.end, terms.target_keys);
        for (const auto& day : days) usage[day.user_id].push_back(day);
        for (std::size_t i = at; i < end; ++i) {
            auto& member = members[i];
            compare(terms, {.member = member, .stored = *stored.at(i - at), .counted = rules::periods_of(terms, usage[member.user_id])},
                    repair, report);
        }
    }
}

} // namespace

recount::Part recount_part(std::int64_t challenge_id) {
    return [challenge_id](db::Session& session, db::Transaction* repair, recount::Report& report) -> db::Task<void> {
        std::optional<Row> row;
        if (repair != nullptr)
            row = co_await repair->get(repository::find_for_update(challenge_id));
        else if (auto viewed = co_await session.get(repository::find(challenge_id, 0)))
            row = std::move(viewed->row);
        if (!row) co_return;
        const auto participants = co_await session.get(member_repository::count_ranked(challenge_id));
        if (participants != row->participants_count) {
            report.differs("challenges", std::format("challenge {}, participants", challenge_id), row->participants_count, participants);
            if (repair != nullptr)
                repository::add_participants(*repair, challenge_id, static_cast<int>(participants - row->participants_count));
        }
        std::vector<Member> members;
        if (repair != nullptr)
            members = co_await repair->get(member_repository::lock_open(challenge_id));
        else
            members = co_await session.get(member_repository::list_open(challenge_id));
        co_await compare_members(session, terms_of(*row), std::move(members), repair, report);
    };
}

} // namespace focus::challenges
