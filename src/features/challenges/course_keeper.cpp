#include "features/challenges/course_keeper.hpp"

#include "core/audit/audit.hpp"
#include "core/base/log.hpp"

#include <set>
#include <stdexcept>

namespace focus::challenges {

namespace {

constexpr int k_challenges_at_once = 20;
constexpr int k_members_told_at_once = 100;
constexpr int k_members_removed_at_once = 20; // with up to 366 periods each
constexpr std::int64_t k_best = 3;            // lines of the results in a mail

Origin job_origin() { return {.ip = {}, .user_agent = {}, .request_id = {}, .endpoint = "job challenges"}; }

std::string name_of(const std::map<std::int64_t, users::PublicUser>& users, std::int64_t user_id) {
    const auto found = users.find(user_id);
    return found == users.end() ? std::string{k_deleted_user.en} : found->second.username;
}

} // namespace

CourseKeeper::CourseKeeper(const Core& core, users::Service& users, notifications::Service& notifications)
    : db_{core.database}, clock_{core.clock}, users_{users}, notifications_{notifications}, outbox_{core.outbox},
      frontend_url_{core.frontend_url} {}

db::Task<void> CourseKeeper::run(const jobs::Run& run) {
    std::set<std::int64_t> failed; // a failure does not delay the other challenges
    std::string cause;
    while (!run.should_stop()) {
        auto due = co_await db_.get(repository::due(clock_.now_ms(), k_challenges_at_once + static_cast<int>(failed.size())));
        std::erase_if(due, [&](std::int64_t id) { return failed.contains(id); });
        if (due.empty()) break;
        for (const auto id : due) {
            if (run.should_stop()) co_return;
            try {
                co_await db_.transaction([this, id](db::Transaction& tx) -> db::Task<void> {
                    auto row = co_await tx.get(repository::find_any_for_update(id));
                    if (row) co_await step(tx, std::move(*row));
                });
            } catch (const std::exception& error) {
                cause = error.what();
                failed.insert(id);
                log::error("a challenge's step failed", {{"challenge", id}, {"cause", std::string_view{cause}}});
            }
        }
    }
    if (!failed.empty()) throw std::runtime_error{std::to_string(failed.size()) + " challenges have failed, the last one: " + cause};
}

void CourseKeeper::begin_news(Row& row, News news) const {
    row.news = news;
    row.news_after_user_id = 0;
}

db::Task<void> CourseKeeper::step(db::Transaction& tx, Row row) {
    const auto now = clock_.now_ms();
    const auto due_at = next_step_at(row);
    if (!due_at || *due_at > now) {
        // another instance has done it
    } else if (row.news) {
        co_await tell_some(tx, row);
    } else if (row.deleted_at_ms) {
        co_return co_await remove_some(tx, row);
    } else if (!row.is_start_told) {
        row.is_start_told = true;
        if (now < row.course.times.ends_at_ms) begin_news(row, News::started);
    } else {
        co_await freeze(tx, row);
    }
    repository::update(tx, row);
}

db::Task<void> CourseKeeper::freeze(db::Transaction& tx, Row& row) {
    member_repository::close_all(tx, row.id); // waits for the scores that are being written
    const auto first = co_await tx.get(member_repository::first(row.id));
    row.winner_id = first && first->standing.score_ms > 0 ? std::optional{first->user_id} : std::nullopt;
    row.course.frozen_at_ms = clock_.now_ms();
    row.updated_at_ms = clock_.now_ms();
    begin_news(row, News::ended);
    audit::record(tx, job_origin(),
                  {.action = "challenge_completed", .message = "Results frozen", .resource_type = "challenge", .resource_id = row.id},
                  clock_.now_ms());
}

db::Task<void> CourseKeeper::tell_some(db::Transaction& tx, Row& row) {
    const auto members = co_await tx.get(member_repository::next_by_user(row.id, row.news_after_user_id, false, k_members_told_at_once));
    if (members.empty()) {
        row.news.reset();
        co_return;
    }
    row.news_after_user_id = members.back().user_id;
    if (*row.news == News::ended) co_return co_await tell_results(tx, row, members);
    std::vector<std::int64_t> user_ids;
    for (const auto& member : members) user_ids.push_back(member.user_id);
    co_await notifications_.add_many(tx, std::move(user_ids), messages::news(*row.news, row, {}));
}

db::Task<void> CourseKeeper::tell_results(db::Transaction& tx, const Row& row, const std::vector<Member>& members) {
    messages::Results results;
    std::int64_t rank = 1;
    const auto scores = co_await tx.get(member_repository::scores(row.id));
    for (const auto& [score_ms, count] : scores) {
        results.ranks[score_ms] = rank;
        rank += count;
    }
    const auto best = co_await member_repository::ranking(tx, row.id, 0, k_best);
    const auto winner_id = row.winner_id.value_or(0);
    std::vector<std::int64_t> named{winner_id};
    for (const auto& member : best.members) named.push_back(member.user_id);
    const auto names = co_await users_.public_users(tx, std::move(named));
    if (row.winner_id) results.winner = name_of(names, winner_id);
    for (const auto& member : best.members) {
        const auto found = names.find(member.user_id);
        results.best.push_back({results.ranks.at(member.standing.score_ms), member.user_id,
                                found == names.end() ? std::string{} : found->second.username, member.standing.score_ms});
    }

    std::map<std::int64_t, const Member*> by_user;
    std::vector<std::int64_t> losers;
    for (const auto& member : members) {
        by_user.emplace(member.user_id, &member);
        if (member.user_id != winner_id) losers.push_back(member.user_id);
    }
    if (by_user.contains(winner_id)) co_await notifications_.add(tx, winner_id, messages::you_won(row));
    co_await notifications_.add_many(tx, losers, messages::news(News::ended, row, {winner_id, results.winner}));
    losers.push_back(winner_id);
    const auto users = co_await users_.find_many(tx, std::move(losers));
    for (const auto& user : users) {
        const auto member = by_user.find(user.id);
        if (member == by_user.end() || !user.is_active) continue;
        outbox_.add(tx, messages::results_mail(row, *member->second, user, results, frontend_url_));
    }
}

db::Task<void> CourseKeeper::remove_some(db::Transaction& tx, const Row& row) {
    const auto members = co_await tx.get(member_repository::next_by_user(row.id, 0, true, k_members_removed_at_once));
    if (members.empty())
        repository::remove(tx, row.id);
    else
        co_await tx.get(member_repository::remove_up_to(row.id, members.back().user_id));
}

} // namespace focus::challenges
