#include "app/recount.hpp"

#include "core/audit/summary.hpp"
#include "core/mail/recount.hpp"
#include "features/activities/module.hpp"
#include "features/admin/module.hpp"
#include "features/blocking/module.hpp"
#include "features/challenges/module.hpp"
#include "features/challenges/repository.hpp"
#include "features/users/module.hpp"

namespace focus::app {

namespace {

constexpr int k_ids_at_once = 500;
constexpr auto k_users_before =
    db::select<std::int64_t>("users.ids_before", "SELECT id FROM users WHERE id < ? ORDER BY id DESC LIMIT ?"); // deleted ones too
constexpr auto k_count_users = db::select<std::int64_t>("users.count_rows", "SELECT COUNT(*) FROM users");

template <class Target>
db::Task<void> recount_users(Target& target, const RecountOptions& options, recount::Report& report) {
    for (const auto* table : {"usage_apps", "usage_totals", "usage_days", "usage_hours"}) report.looked_at(table);
    const auto all = std::min(options.most_users, co_await target.get(k_count_users.one()));
    std::int64_t done = 0;
    for (auto before = std::numeric_limits<std::int64_t>::max(); done < all;) {
        const auto page = co_await target.get(k_users_before.all(before, k_ids_at_once));
        if (page.empty()) break;
        for (const auto id : page) {
            if (done == all) break;
            before = id;
            co_await activities::recount_user(target, id, options.mode, report);
            options.progress(static_cast<double>(++done) / static_cast<double>(all));
        }
    }
}

template <class Target>
db::Task<void> recount_challenges(Target& target, const RecountOptions& options, recount::Report& report) {
    for (const auto* table : {"challenges", "challenge_members", "challenge_scores"}) report.looked_at(table); // also without any
    for (std::int64_t after = 0;;) {
        const auto ids = co_await target.get(challenges::repository::ids_after(after, k_ids_at_once));
        if (ids.empty()) break;
        for (const auto id : ids) co_await recount::run(target, challenges::recount_part(id), options.mode, report);
        after = ids.back();
    }
}

/// Users first: the sums after them are counted from their roll-ups.
template <class Target>
db::Task<void> recount_each(Target& target, const RecountOptions& options, recount::Report& report) {
    co_await recount_users(target, options, report);
    co_await admin::recount_usage(target, options.mode, report);
    for (const auto& part : users::recount_parts(options.now)) co_await recount::run(target, part, options.mode, report);
    co_await recount::run(target, blocking::recount_part(options.now), options.mode, report);
    co_await recount::run(target, mail::recount_part(options.now), options.mode, report);
    co_await recount::run(target, audit::summary::recount_part(), options.mode, report);
    co_await recount_challenges(target, options, report);
}

} // namespace

db::Task<void> recount_all(db::Database& database, RecountOptions options, recount::Report& report) {
    co_await recount_each(database, options, report);
}

db::Task<void> recount_all(db::Transaction& tx, RecountOptions options, recount::Report& report) {
    co_await recount_each(tx, options, report);
}

} // namespace focus::app
