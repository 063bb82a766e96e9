#include "features/users/service.hpp"

#include "core/base/fold.hpp"
#include "core/cache/versions.hpp"
#include "core/counters/counters.hpp"
#include "core/db/query.hpp"
#include "features/users/errors.hpp"
#include "features/users/list_repository.hpp"

namespace focus::users {

namespace {

constexpr int k_search_limit = 20;

/// An empty text clears an optional field, as null does.
template <class T>
void clear_or_set(std::optional<std::string>& field, const json::Patch<T>& patch) {
    if (!patch.present) return;
    if (patch.value && !patch.value->value.empty())
        field = patch.value->value;
    else
        field.reset();
}

} // namespace

db::Task<User> Service::get(std::int64_t id) {
    auto user = co_await db_.get(repository::find(id));
    if (!user) throw not_found();
    co_return std::move(*user);
}

db::Task<std::optional<User>> Service::find_by_email(db::Session& session, std::string email) {
    co_return co_await session.get(repository::find_by_email(fold_case(email)));
}

db::Task<std::optional<Credentials>> Service::credentials_by_email(std::string email) {
    co_return co_await db_.get(repository::credentials_by_email(fold_case(email)));
}

db::Task<std::optional<Credentials>> Service::credentials(db::Session& session, std::int64_t id) {
    return session.get(repository::credentials(id));
}

db::Task<std::optional<User>> Service::find(db::Session& session, std::int64_t id) { return session.get(repository::find(id)); }

db::Task<std::optional<User>> Service::find_for_update(db::Transaction& tx, std::int64_t id) {
    return tx.get(repository::find_for_update(id));
}

db::Task<PublicUser> Service::public_profile(std::int64_t id) {
    const auto user = co_await db_.get(repository::find(id));
    if (!user || !user->is_active) throw not_found();
    co_return public_part(*user);
}

db::Task<std::vector<PublicUser>> Service::search(std::string text) {
    const auto folded = fold_case(text);
    if (folded.empty() || !is_ascii(folded)) co_return std::vector<PublicUser>{}; // no username has such a letter
    co_return co_await db_.get(repository::search(folded, k_search_limit));
}

db::Task<std::vector<Addressee>> Service::addressees(db::Session& session, std::vector<std::int64_t> ids) {
    return repository::addressees(session, std::move(ids));
}

db::Task<std::vector<Addressee>> Service::addressees_after(db::Session& session, std::int64_t after_id, int limit) {
    return session.get(repository::addressees_after(after_id, limit));
}

db::Task<std::map<std::int64_t, PublicUser>> Service::public_users(db::Session& session, std::vector<std::int64_t> ids) {
    std::map<std::int64_t, PublicUser> found;
    const auto users = co_await repository::find_many(session, std::move(ids));
    for (const auto& user : users) found.emplace(user.id, public_part(user));
    co_return found;
}

db::Task<std::vector<User>> Service::find_many(db::Session& session, std::vector<std::int64_t> ids) {
    return repository::find_many(session, std::move(ids));
}

db::Task<void> Service::require_free(db::Session& session, std::string email, std::string username, std::int64_t except_id) {
    const auto holders = co_await session.get(repository::holders(fold_case(email), fold_case(username)));
    if (holders.email != 0 && holders.email != except_id) throw Error{k_email_taken};
    if (holders.username != 0 && holders.username != except_id) throw Error{k_username_taken};
}

db::Task<User> Service::create(db::Transaction& tx, NewUser user) {
    co_await require_free(tx, user.email, user.username);
    const auto now = clock_.now_ms();
    const auto id = co_await tx.get(repository::insert(user, defaults_, now));
    counters::add(tx, repository::k_joined, id, 1, now);
    repository::count(tx, id, 1, now);
    auto created = co_await tx.get(repository::find(id));
    for (const auto& hook : save_hooks_) co_await hook(tx, *created);
    cache::changed(tx, topic_of(id)); // the absence of the account may be cached
    co_return std::move(*created);
}

db::Task<void> Service::save(db::Transaction& tx, User user) {
    co_await require_free(tx, user.email, user.username, user.id);
    const auto now = clock_.now_ms();
    repository::count(tx, user.id, -1, now);
    co_await tx.get(repository::update(user, now));
    repository::count(tx, user.id, 1, now);
    for (const auto& hook : save_hooks_) co_await hook(tx, user);
    announce(tx, user.id);
}

void Service::apply(User& user, const UpdateProfile& change) {
    if (change.username.value) user.username = change.username.value->value;
    clear_or_set(user.full_name, change.full_name);
    clear_or_set(user.avatar_url, change.avatar_url);
    clear_or_set(user.bio, change.bio);
    if (change.language.value) user.language = *change.language.value;
    if (change.timezone.value) user.timezone = change.timezone.value->value;
    if (change.daily_limit_minutes.present) {
        user.daily_limit_minutes = change.daily_limit_minutes.value ? std::optional{change.daily_limit_minutes.value->value} : std::nullopt;
    }
    if (change.notifications_enabled.value) user.notifications_enabled = *change.notifications_enabled.value;
    if (change.email_reminders.value) user.email_reminders = *change.email_reminders.value;
    if (change.reminder_time.value) user.reminder_time = *change.reminder_time.value;
}

db::Task<User> Service::update_profile(Caller caller, Origin origin, UpdateProfile change) {
    try {
        co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<User> {
            auto user = co_await tx.get(repository::find_for_update(caller.user_id));
            if (!user) throw not_found();
            apply(*user, change);
            audit::record(tx, origin,
                          {.action = "user_updated",
                           .message = "Profile changed",
                           .user_id = caller.user_id,
                           .resource_type = "user",
                           .resource_id = caller.user_id},
                          clock_.now_ms());
            co_await save(tx, *user);
            auto saved = co_await tx.get(repository::find(caller.user_id)); // as stored, to the millisecond
            co_return std::move(*saved);
        });
    } catch (const db::ConstraintError&) { // another request took the name after the check
        throw Error{k_username_taken};
    }
}

void Service::set_password(db::Transaction& tx, std::int64_t id, std::string_view hash) {
    repository::set_password(tx, id, hash, clock_.now_ms());
    cache::changed(tx, topic_of(id));
}

void Service::mark_verified(db::Transaction& tx, std::int64_t id) {
    const auto now = clock_.now_ms();
    repository::count(tx, id, -1, now);
    repository::set_verified(tx, id, now);
    repository::count(tx, id, 1, now);
    announce(tx, id);
}

void Service::touch_last_login(db::Transaction& tx, std::int64_t id) {
    repository::set_last_login(tx, id, clock_.now_ms());
    cache::changed(tx, topic_of(id));
}

db::Task<void> Service::require_other_admin(db::Transaction& tx, std::int64_t id) {
    const auto others = co_await tx.get(repository::other_active_admins(id));
    if (others.empty()) throw Error{k_last_admin};
}

db::Task<void> Service::remove(std::int64_t id, Origin origin, std::int64_t by_user_id, std::function<void(db::Transaction&)> also) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto user = co_await tx.get(repository::find_for_update(id));
        if (!user) throw not_found();
        if (user->role == Role::admin && user->is_active) co_await require_other_admin(tx, id);
        co_await remove_in(tx, id, origin, by_user_id, "Account deleted and anonymised");
        if (also) also(tx);
    });
}

db::Task<bool> Service::remove_never_verified(std::int64_t id, Origin origin, std::function<void(db::Transaction&)> also) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<bool> {
        const auto user = co_await tx.get(repository::find_for_update(id));
        if (!user || !co_await tx.get(repository::is_never_verified(id))) co_return false;
        co_await remove_in(tx, id, origin, 0, "Account deleted because its address was never verified");
        also(tx);
        co_return true;
    });
}

/// Removes the account, which is locked: first what modules hold on the user, then the account.
db::Task<void> Service::remove_in(db::Transaction& tx, std::int64_t id, Origin origin, std::int64_t by_user_id, std::string message) {
    for (const auto& hook : removal_hooks_) co_await hook(tx, id);
    const auto now = clock_.now_ms();
    repository::count(tx, id, -1, now);
    counters::add(tx, repository::k_gone, id, 1, now);
    repository::anonymise(tx, id, now);
    const Origin nameless{.ip = {}, .user_agent = {}, .request_id = origin.request_id, .endpoint = origin.endpoint};
    audit::record(tx, by_user_id == id ? nameless : origin,
                  {.action = "user_deleted",
                   .message = std::move(message),
                   .level = audit::Level::warning,
                   .user_id = by_user_id,
                   .resource_type = "user",
                   .resource_id = id},
                  now);
    announce(tx, id);
}

db::Task<bool> Service::is_removed(db::Session& session, std::int64_t id) { return session.get(repository::is_removed(id)); }

void Service::erase(db::Transaction& tx, std::int64_t id) { repository::erase(tx, id); }

db::Task<AccountPage> Service::list(AccountFilter filter, AccountSort sort, std::int64_t skip, std::int64_t limit) {
    return repository::list(db_, std::move(filter), sort, skip, limit);
}

std::function<AccountCounts()> Service::add_counts(db::Batch& batch) {
    const auto joined = batch.add(counters::total(repository::k_joined));
    const auto gone = batch.add(counters::total(repository::k_gone));
    const auto active = batch.add(counters::total(repository::k_active));
    const auto verified = batch.add(counters::total(repository::k_verified));
    return [=] { return AccountCounts{.total = *joined - *gone, .active = *active, .verified = *verified}; };
}

db::Task<std::vector<AccountDay>> Service::days(db::Session& session, Day first) {
    const auto [joined, gone] =
        co_await session.all(counters::days(repository::k_joined, first), counters::days(repository::k_gone, first));
    std::map<Day, AccountDay> days;
    for (const auto& [day, count] : joined) days[day] = {.day = day, .joined = count};
    for (const auto& [day, count] : gone) {
        days[day].day = day;
        days[day].gone = count;
    }
    std::vector<AccountDay> ascending;
    for (const auto& [day, changes] : days) ascending.push_back(changes);
    co_return ascending;
}

personal::Section Service::personal_data() {
    return {.name = "profile", .is_single = true, .read = [this](std::int64_t user_id, std::string) -> db::Task<personal::Page> {
                const auto user = co_await get(user_id);
                co_return personal::Page{json::write(user), std::nullopt};
            }};
}

void Service::announce(db::Transaction& tx, std::int64_t id) {
    cache::changed(tx, topic_of(id));
    tx.after_commit([this, id] {
        for (const auto& hook : change_hooks_) hook(id);
    });
}

} // namespace focus::users
