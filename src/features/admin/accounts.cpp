#include "features/admin/accounts.hpp"

#include "core/audit/trail.hpp"
#include "core/base/fold.hpp"
#include "core/db/query.hpp"
#include "features/admin/rules.hpp"
#include "features/challenges/service.hpp"
#include "features/users/errors.hpp"

#include <algorithm>
#include <chrono>

namespace focus::admin {

namespace {

constexpr int k_rows_at_once = 200;
constexpr int k_traces_at_once = 1000;
constexpr std::chrono::milliseconds k_patience{2000};

constexpr db::Statement k_add_purge{
    "purges.add",
    db::Sql{"INSERT INTO purges (user_id, requested_by, created_at_ms) VALUES (?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET keeps_rows = 0",
            "INSERT INTO purges (user_id, requested_by, created_at_ms) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE keeps_rows = 0"}};
constexpr db::Statement k_add_forgetting{
    "purges.add_forgetting",
    db::Sql{"INSERT INTO purges (user_id, requested_by, created_at_ms, keeps_rows) VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING",
            "INSERT INTO purges (user_id, requested_by, created_at_ms, keeps_rows) VALUES (?, ?, ?, 1) ON DUPLICATE KEY UPDATE user_id = "
            "user_id"}};

struct Purge {
    std::int64_t user_id = 0;
    bool keeps_rows = false;
};
constexpr auto k_purges = db::select<Purge>("purges.all", "SELECT * FROM purges ORDER BY created_at_ms, user_id");
constexpr db::Statement k_drop_forgetting{"purges.drop_forgetting", "DELETE FROM purges WHERE user_id = ? AND keeps_rows = 1"};
constexpr db::Statement k_drop_purge{"purges.drop", "DELETE FROM purges WHERE user_id = ?"};

constexpr auto k_own_account = users::k_last_admin.saying(
    {"You cannot deactivate, demote or delete yourself.", "Vous ne pouvez pas vous désactiver, vous rétrograder ou vous supprimer."});

bool is_active_admin(const users::User& user) { return user.role == Role::admin && user.is_active; }

users::UpdateProfile profile_of(UpdateUser& change) {
    return {.username = std::move(change.username),
            .full_name = std::move(change.full_name),
            .avatar_url = std::move(change.avatar_url),
            .bio = std::move(change.bio),
            .language = change.language,
            .timezone = std::move(change.timezone),
            .daily_limit_minutes = change.daily_limit_minutes,
            .notifications_enabled = change.notifications_enabled,
            .email_reminders = change.email_reminders,
            .reminder_time = change.reminder_time};
}

void record(db::Transaction& tx, const Origin& origin, const Caller& caller, std::string_view action, std::string message, std::int64_t id,
            std::string details, EpochMs now) {
    audit::record(tx, origin,
                  {.action = action,
                   .message = std::move(message),
                   .level = audit::Level::warning,
                   .user_id = caller.user_id,
                   .resource_type = "user",
                   .resource_id = id,
                   .details = std::move(details)},
                  now);
}

} // namespace

db::Task<users::AccountPage> Accounts::list(UsersQuery query) {
    users::AccountFilter filter{.text = std::nullopt,
                                .role = query.role,
                                .is_active = query.is_active,
                                .is_verified = query.is_verified,
                                .created_from_ms = std::nullopt,
                                .created_before_ms = std::nullopt};
    if (query.search) filter.text = query.search->value;
    if (query.created_after) filter.created_from_ms = query.created_after->first_ms;
    if (query.created_before) filter.created_before_ms = query.created_before->first_ms;
    co_return co_await users_.list(std::move(filter), query.sort.value_or(UserSort{}).value, query.skip.value, query.limit.value);
}

db::Task<users::User> Accounts::create(Caller caller, Origin origin, Language language, NewUser input) {
    users::NewUser fresh{.email = input.email.value,
                         .username = input.username.value,
                         .password_hash = std::nullopt,
                         .full_name = std::nullopt,
                         .avatar_url = std::nullopt,
                         .role = input.role.value,
                         .is_active = input.is_active.value,
                         .is_verified = input.is_verified.value,
                         .language = input.language.value_or(language),
                         .timezone = input.timezone ? input.timezone->value : "UTC"};
    if (input.full_name && !input.full_name->value.empty()) fresh.full_name = input.full_name->value;
    co_return co_await auth_.create_for(std::move(fresh), std::move(input.password.value), std::move(origin), caller.user_id);
}

db::Task<users::User> Accounts::update(Caller caller, Origin origin, std::int64_t id, UpdateUser change) {
    auto profile = profile_of(change);
    const auto apply = [&](users::User& user) {
        users::Service::apply(user, profile);
        if (change.email.value) user.email = change.email.value->value;
        if (change.role.value) user.role = *change.role.value;
        if (change.is_active.value) user.is_active = *change.is_active.value;
        if (change.is_verified.value) user.is_verified = *change.is_verified.value;
    };
    co_return co_await this->change(caller, std::move(origin), id, apply);
}

db::Task<users::User> Accounts::set_active(Caller caller, Origin origin, std::int64_t id, bool is_active) {
    co_return co_await change(caller, std::move(origin), id, [is_active](users::User& user) { user.is_active = is_active; });
}

db::Task<users::User> Accounts::change(Caller caller, Origin origin, std::int64_t id, std::function<void(users::User&)> apply) {
    users::User wanted;
    try {
        co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<users::User> {
            auto user = co_await users_.find_for_update(tx, id);
            if (!user) throw not_found();
            const auto before = *user;
            apply(*user);
            wanted = *user;
            if (is_active_admin(before) && !is_active_admin(*user)) {
                if (id == caller.user_id) throw Error{k_own_account};
                co_await users_.require_other_admin(tx, id);
            }
            if (fold_case(user->email) != fold_case(before.email)) auth::Service::void_links(tx, id);
            if (before.is_active && !user->is_active) auth_.end_all_sessions(tx, id);
            const auto now = clock_.now_ms();
            const auto changed = rules::changed_fields(before, *user);
            const bool only_active = changed == std::vector<std::string>{"is_active"};
            if (before.is_active != user->is_active) {
                record(tx, origin, caller, user->is_active ? "user_activated" : "user_deactivated",
                       user->is_active ? "Account activated" : "Account deactivated; its sessions ended", id, "{}", now);
            }
            if (!changed.empty() && !only_active) {
                record(tx, origin, caller, "user_updated", "Account changed by an administrator", id,
                       "{\"changed\":" + json::write(changed) + "}", now);
            }
            co_await users_.save(tx, *user);
            auto saved = co_await users_.find(tx, id); // as it was written, to the millisecond
            co_return std::move(*saved);
        });
    } catch (const db::ConstraintError&) { // another transaction took the address or the name after the check
    }
    co_await users_.require_free(db_, wanted.email, wanted.username, id);
    throw unavailable("change account: a unique key refused the row, but no account has the names");
}

db::Task<void> Accounts::remove(Caller caller, Origin origin, std::int64_t id, bool purge) {
    if (id == caller.user_id) throw Error{k_own_account};
    const auto add_purge = [&](db::Transaction& tx) { tx.defer(k_add_purge, id, caller.user_id, clock_.now_ms()); };
    const auto until = std::chrono::steady_clock::now() + k_patience;
    const auto may_go_on = [until] { return std::chrono::steady_clock::now() < until; };
    if (!purge) {
        co_await users_.remove(id, origin, caller.user_id);
        co_await forget(id, may_go_on);
        co_return;
    }
    if (co_await users_.is_removed(db_, id)) { // the account was deleted before, its rows are deleted now
        co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
            add_purge(tx);
            record(tx, origin, caller, "user_deleted", "Rows of a deleted account purged", id, "{\"purge\":true}", clock_.now_ms());
            co_return;
        });
    } else {
        co_await users_.remove(id, origin, caller.user_id, add_purge);
    }
    co_await this->purge(id, may_go_on);
}

db::Task<void> Accounts::continue_purges(std::function<bool()> may_go_on) {
    const auto open = co_await db_.get(k_purges.all());
    for (const auto& [user_id, keeps_rows] : open) {
        const bool is_done = keeps_rows ? co_await forget(user_id, may_go_on) : co_await purge(user_id, may_go_on);
        if (!is_done) co_return;
    }
}

db::Task<Accounts::Traces> Accounts::forget_some(db::Transaction& tx, std::int64_t user_id, Traces from) {
    Traces next{.activity = std::nullopt, .entry = std::nullopt};
    if (from.activity) next.activity = co_await activities::Service::forget_devices(tx, user_id, *from.activity, k_traces_at_once);
    if (from.entry) next.entry = co_await audit::forget_origins(tx, user_id, *from.entry, k_traces_at_once);
    co_return next;
}

db::Task<void> Accounts::begin_forgetting(db::Transaction& tx, std::int64_t user_id) {
    auto traces = co_await forget_some(tx, user_id, {});
    if (!traces.are_gone()) traces = co_await forget_some(tx, user_id, traces); // finds out whether any are left
    if (!traces.are_gone()) tx.defer(k_add_forgetting, user_id, user_id, clock_.now_ms());
}

/// As purge(), but the rows are kept.
db::Task<bool> Accounts::forget(std::int64_t user_id, std::function<bool()> may_go_on) {
    for (Traces traces; !traces.are_gone();) {
        traces = co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Traces> { return forget_some(tx, user_id, traces); });
        if (!traces.are_gone() && !may_go_on()) co_return false;
    }
    co_await db_.execute(k_drop_forgetting, user_id);
    co_return true;
}

db::Task<int> Accounts::remove_unverified(EpochMs before, std::function<bool()> may_go_on) {
    int removed = 0;
    std::int64_t after_id = 0;
    for (;;) {
        const auto ids = co_await users_.never_verified(before, after_id, k_rows_at_once);
        if (ids.empty()) co_return removed;
        after_id = ids.back();
        const auto active = co_await activities_.active_since(db_, ids, Day{});
        for (const auto id : ids) {
            if (!may_go_on()) co_return removed;
            if (std::ranges::contains(active, id)) continue;
            const auto add_purge = [&](db::Transaction& tx) { tx.defer(k_add_purge, id, std::int64_t{0}, clock_.now_ms()); };
            if (co_await users_.remove_never_verified(id, Origin{.ip = {}, .user_agent = {}, .request_id = {}, .endpoint = "job"},
                                                      add_purge))
                ++removed;
        }
    }
}

/// In steps, each a transaction of its own, as the process may end after any; true when all rows are deleted.
db::Task<bool> Accounts::purge(std::int64_t user_id, std::function<bool()> may_go_on) {
    bool goes_on = true;
    const auto go_on = [&] { return goes_on = may_go_on(); };
    co_await db::delete_in_steps([&] { return activities_.remove_some(user_id, k_rows_at_once); }, go_on);
    if (goes_on) co_await db::delete_in_steps([&] { return audit::delete_of_user(db_, user_id, k_rows_at_once); }, go_on);
    if (goes_on) co_await mail::Outbox::delete_of_user(db_, user_id, go_on);
    if (goes_on) co_await keeper_.fold(go_on);
    if (!goes_on) co_return false;
    co_await keeper_.forget(user_id);
    co_await db_.transaction([user_id](db::Transaction& tx) -> db::Task<void> {
        challenges::Service::forget_results(tx, user_id);
        challenges::Service::remove_lonely(tx, user_id);
        users::Service::erase(tx, user_id);
        tx.defer(k_drop_purge, user_id);
        co_return;
    });
    co_return true;
}

} // namespace focus::admin
