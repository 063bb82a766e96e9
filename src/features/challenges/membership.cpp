// The Service's joining and leaving.
#include "core/cache/versions.hpp"
#include "core/crypto/crypto.hpp"
#include "features/challenges/errors.hpp"
#include "features/challenges/messages.hpp"
#include "features/challenges/service.hpp"

namespace focus::challenges {

namespace {

constexpr std::int64_t k_most_open = 100; // challenges that a user's activities count in
constexpr int k_circle = 50;              // up to so many participants, all are notified of each join

void require_open(const Row& row, EpochMs now) {
    if (row.course.cancelled_at_ms || row.course.frozen_at_ms || now >= row.course.times.ends_at_ms) throw Error{k_challenge_ended};
}

} // namespace

db::Task<Joined> Service::join(Caller caller, Origin origin, std::int64_t id, std::string invitation_code) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Joined> {
        const auto user = co_await users_.find_for_update(tx, caller.user_id); // waits for activities that are being written
        const auto row = co_await tx.get(repository::find_for_update(id));
        if (!user || !row) throw not_found();
        const bool is_invited = row->is_public || row->creator_id == caller.user_id ||
                                crypto::equal_constant_time(rules::tidy_code(invitation_code), row->invitation_code.value_or(""));
        if (!is_invited) {
            const auto member = co_await tx.get(member_repository::find(id, user->id));
            if (!member || member->left_at_ms) throw Error{k_invalid_invitation_code};
        }
        co_return co_await enter(tx, *user, origin, *row); // a participant gets `already_member`
    });
}

db::Task<Joined> Service::join_by_code(Caller caller, Origin origin, std::string invitation_code) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Joined> {
        const auto user = co_await users_.find_for_update(tx, caller.user_id);
        const auto row = co_await tx.get(repository::find_by_code_for_update(rules::tidy_code(invitation_code)));
        if (!user) throw not_found();
        if (!row) throw Error{k_invalid_invitation_code};
        co_return co_await enter(tx, *user, origin, *row);
    });
}

db::Task<Joined> Service::enter(db::Transaction& tx, const users::User& user, const Origin& origin, const Row& row) {
    require_open(row, clock_.now_ms());
    const auto before = co_await tx.get(member_repository::find_for_update(row.id, user.id));
    if (before && !before->left_at_ms) throw Error{k_already_member};
    if (row.participants_count >= row.max_participants) throw Error{k_challenge_full};
    const auto member = co_await add_member(tx, user.id, row);
    co_await announce_joined(tx, user, row);
    Caller joiner;
    joiner.user_id = user.id;
    audit(tx, origin, joiner, "challenge_joined", "Challenge joined", row.id);
    const auto& standing = member.standing;
    co_return Joined{.message = std::string{Text{"Joined. Good luck!", "Vous participez. Bonne chance !"}.in(user.language)},
                     .participant = {.challenge_id = row.id,
                                     .user_id = user.id,
                                     .username = user.username,
                                     .joined_at = {member.joined_at_ms},
                                     .rank = co_await tx.get(member_repository::rank(row.id, standing.score_ms)),
                                     .score = {standing.score_ms},
                                     .total_time_minutes = {standing.total_ms}}};
}

db::Task<Member> Service::add_member(db::Transaction& tx, std::int64_t user_id, const Row& row) {
    if (co_await tx.get(member_repository::count_open(user_id)) >= k_most_open) throw Error{k_too_many_challenges};
    Member member{.challenge_id = row.id, .user_id = user_id, .joined_at_ms = clock_.now_ms()};
    const auto before = co_await tx.get(member_repository::find(row.id, user_id));
    if (!before) member_repository::insert(tx, member);
    std::vector<Member*> alone{&member};
    co_await scores_.recount(tx, terms_of(row), std::move(alone));
    member_repository::update(tx, member);
    member_repository::insert_news(tx, row.id, user_id);
    repository::add_participants(tx, row.id, +1);
    cache::changed(tx, repository::member_topic(user_id));
    co_return member;
}

db::Task<void> Service::announce_joined(db::Transaction& tx, const users::User& user, const Row& row) {
    std::vector<std::int64_t> concerned;
    if (row.participants_count <= k_circle)
        concerned = co_await tx.get(member_repository::others(row.id, user.id, k_circle));
    else if (row.creator_id != user.id)
        concerned.push_back(row.creator_id);
    auto told = co_await scores_.take_news(tx, row.id, row.course.times, std::move(concerned));
    if (!told.empty()) co_await notifications_.add_many(tx, std::move(told), messages::joined(row.id, row.name, {user.id, user.username}));
}

db::Task<void> Service::leave(Caller caller, Origin origin, std::int64_t id) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto user = co_await users_.find_for_update(tx, caller.user_id);
        auto row = co_await tx.get(repository::find_for_update(id));
        if (!user || !row) throw not_found();
        auto member = co_await tx.get(member_repository::find_for_update(id, caller.user_id));
        if (!member || member->left_at_ms) throw Error{k_not_a_member};
        co_await drop_member(tx, std::move(*row), *member);
        audit(tx, origin, caller, "challenge_left", "Challenge left", id);
    });
}

db::Task<void> Service::drop_member(db::Transaction& tx, Row row, Member member) {
    member.left_at_ms = clock_.now_ms();
    if (!row.course.frozen_at_ms) { // final results do not change when a participant leaves
        member.is_open = false;
        member.is_ranked = false;
        member.standing = {};
        member_repository::delete_periods(tx, member.challenge_id, member.user_id);
        repository::add_participants(tx, row.id, -1);
    }
    member_repository::update(tx, member);
    co_return;
}

db::Task<void> Service::erase_user(db::Transaction& tx, std::int64_t user_id) {
    const auto open = co_await tx.get(member_repository::open_challenges(user_id));
    for (const auto id : open) {
        auto row = co_await tx.get(repository::find_any_for_update(id));
        auto member = co_await tx.get(member_repository::find_for_update(id, user_id));
        if (row && member && !member->left_at_ms) co_await drop_member(tx, std::move(*row), *member);
    }
    // The user's challenges continue for the others; those without participants end.
    const auto made = co_await tx.get(repository::open_by_creator(user_id));
    for (const auto id : made) {
        auto row = co_await tx.get(repository::find_for_update(id));
        if (!row || row->participants_count > 0) continue;
        row->course.cancelled_at_ms = clock_.now_ms();
        row->updated_at_ms = clock_.now_ms();
        repository::update(tx, *row);
    }
}

void Service::forget_results(db::Transaction& tx, std::int64_t user_id) { repository::uncount_ranked(tx, user_id); }

void Service::remove_lonely(db::Transaction& tx, std::int64_t user_id) { repository::remove_lonely(tx, user_id); }

} // namespace focus::challenges
