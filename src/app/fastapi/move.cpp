#include "app/fastapi/move.hpp"

#include "app/fastapi/source.hpp"
#include "app/fastapi/target.hpp"
#include "app/recount.hpp"
#include "core/base/fold.hpp"
#include "features/activities/repository.hpp"
#include "features/blocking/repository.hpp"
#include "features/blocking/rules.hpp"

#include <algorithm>
#include <format>
#include <map>
#include <set>
#include <stdexcept>

namespace focus::app::fastapi {

namespace {

constexpr std::string_view k_users = "users";
constexpr std::string_view k_activities = "activities";
constexpr std::string_view k_limits = "blocked_apps";
constexpr std::string_view k_challenges = "challenges";
constexpr std::string_view k_participants = "challenge_participants";
constexpr double k_rows_part = 0.8; // share of the progress; the rest is for the sums

constexpr auto k_any_user = db::select<std::int64_t>("users.any", "SELECT id FROM users LIMIT 1");

class Mover {
  public:
    Mover(db::Session& source, db::Transaction& tx, const MoveOptions& options) : source_{source}, tx_{tx}, options_{options} {}

    db::Task<MoveReport> move_rows() {
        all_rows_ = co_await source_.get(count_rows());
        co_await move_users();
        co_await move_activities();
        co_await move_limits();
        co_await move_challenges();
        co_return std::move(report_);
    }

  private:
    db::Task<void> move_users() {
        for (std::int64_t after = 0;;) {
            const auto page = co_await source_.get(users_after(after));
            if (page.empty()) break;
            after = page.back().id;
            co_await move_some(page);
            note_read(k_users, std::ssize(page));
        }
    }

    db::Task<void> move_some(const std::vector<OldUser>& page) {
        std::vector<target::Account> accounts;
        std::vector<std::string> emails;
        std::vector<std::string> usernames;
        for (const auto& old : page) {
            auto account = converted<NewAccount>(k_users, old);
            if (!account) continue;
            emails.push_back(fold_case(account->user.email));
            usernames.push_back(fold_case(account->user.username));
            accounts.emplace_back(old, std::move(*account));
        }
        auto taken = co_await target::taken(tx_, std::move(emails), std::move(usernames));
        std::vector<target::Account> good;
        for (auto& [old, account] : accounts) {
            if (!taken.emails.insert(fold_case(account.user.email)).second) {
                report_.leave_out(k_users, old.id, "its e-mail address is another account's, but for upper and lower case");
                continue;
            }
            if (!taken.usernames.insert(fold_case(account.user.username)).second) {
                account.user.username = std::format("{}_{}", account.user.username.substr(0, 30), old.id);
                report_.change(k_users, old.id, "the username is " + account.user.username + " now: another account has it");
                taken.usernames.insert(fold_case(account.user.username));
            }
            good.emplace_back(std::move(old), std::move(account));
        }
        target::insert(tx_, good, options_.reminder_minute);
        report_.moved(k_users, std::ssize(good));
    }

    db::Task<void> move_activities() {
        for (std::int64_t after = 0;;) {
            const auto page = co_await source_.get(activities_after(after));
            if (page.empty()) break;
            after = page.back().id;
            const auto owners = co_await existing(page, &OldActivity::user_id);
            std::vector<activities::Record> records;
            for (const auto& old : page) {
                if (!has_owner(k_activities, owners, old.id, old.user_id)) continue;
                if (auto record = converted<activities::Record>(k_activities, old)) records.push_back(std::move(*record));
            }
            target::insert(tx_, records);
            report_.moved(k_activities, std::ssize(records));
            note_read(k_activities, std::ssize(page));
        }
    }

    db::Task<void> move_limits() {
        for (std::int64_t after = 0;;) {
            const auto limits = co_await source_.get(limits_of_next_user(after));
            if (limits.empty()) break;
            after = limits.front().user_id;
            const auto owners = co_await existing(limits, &OldLimit::user_id);
            std::set<std::string> listed;
            std::vector<blocking::Entry> entries;
            for (const auto& old : limits) {
                if (!has_owner(k_limits, owners, old.id, old.user_id)) continue;
                auto entry = converted<blocking::Entry>(k_limits, old);
                if (!entry) continue;
                if (!listed.insert(blocking::repository::identity_of(entry->app_key, entry->app_package)).second) {
                    report_.leave_out(k_limits, old.id, "the user has a limit for this app already");
                    continue;
                }
                co_await carry_state(old, *entry);
                entries.push_back(std::move(*entry));
            }
            target::insert(tx_, entries, options_.now);
            report_.moved(k_limits, std::ssize(entries));
            note_read(k_limits, std::ssize(limits));
        }
    }

    /// An app that is blocked today stays so until midnight; a window that is open now counts as announced.
    db::Task<void> carry_state(const OldLimit& old, blocking::Entry& entry) {
        const Zone utc;
        const auto today = utc.day_of(options_.now);
        entry.schedule_announced = blocking::rules::window_at(entry.schedules, utc, options_.now).has_value();
        if (!old.is_blocked || !old.last_blocked_at_ms || utc.day_of(*old.last_blocked_at_ms) != today) co_return;
        std::int64_t recorded = 0;
        for (std::int64_t skip = 0;; skip += k_page_rows) {
            const auto page = co_await activities::repository::list_day(tx_, old.user_id, today, skip, k_page_rows);
            for (const auto& record : page.records) {
                if (blocking::rules::matches(entry, record.app_key, record.app_package)) recorded += record.duration_minutes.ms;
            }
            if (std::ssize(page.records) < k_page_rows) break;
        }
        const auto used = std::max(entry.limit_ms, old.current_usage_today * k_minute_ms);
        if (recorded >= used) co_return;
        entry.reset_day = today; // the older service counted minutes that were never activities
        entry.reset_base_ms = recorded - used;
    }

    db::Task<void> move_challenges() {
        for (std::int64_t after = 0;;) {
            const auto page = co_await source_.get(challenges_after(after));
            if (page.empty()) break;
            after = page.back().id;
            const auto creators = co_await existing(page, &OldChallenge::creator_id);
            for (const auto& old : page) {
                if (!has_owner(k_challenges, creators, old.id, old.creator_id)) continue;
                if (auto row = converted<challenges::Row>(k_challenges, old)) co_await move_challenge(std::move(*row));
            }
            note_read(k_challenges, std::ssize(page));
        }
    }

    db::Task<void> move_challenge(challenges::Row row) {
        const auto participants = co_await source_.get(participants_of(row.id));
        const auto there = co_await existing(participants, &OldParticipant::user_id);
        std::vector<challenges::Member> members;
        std::map<std::int64_t, const OldParticipant*> chosen; // a user who joined again has several rows
        for (const auto& old : participants) {
            if (!has_owner(k_participants, there, old.id, old.user_id)) continue;
            auto& choice = chosen[old.user_id];
            const auto* other = choice;
            if (choice == nullptr || (old.is_active && !choice->is_active)) choice = &old;
            if (other == nullptr) continue;
            const auto dropped = choice == &old ? other->id : old.id;
            report_.leave_out(k_participants, dropped, "the user has another row in this challenge");
        }
        for (const auto& [user_id, old] : chosen) members.push_back(convert(*old, row));
        tell_ranks(chosen, members);
        if (row.winner_id && !chosen.contains(*row.winner_id)) {
            report_.change(k_challenges, row.id, "it has no winner: that participant was not moved");
            row.winner_id.reset();
        }
        target::insert(tx_, row, members);
        report_.moved(k_challenges, 1);
        report_.read(k_participants, std::ssize(participants));
        report_.moved(k_participants, std::ssize(members));
    }

    /// Ranks are computed from the points: equal points share a rank.
    void tell_ranks(const std::map<std::int64_t, const OldParticipant*>& chosen, const std::vector<challenges::Member>& members) {
        for (const auto& member : members) {
            const auto& old = *chosen.at(member.user_id);
            if (!member.is_ranked || !old.rank) continue;
            const auto better = std::ranges::count_if(members, [&member](const challenges::Member& other) {
                return other.is_ranked && other.standing.score_ms > member.standing.score_ms;
            });
            if (better + 1 != *old.rank)
                report_.change(k_participants, old.id,
                               std::format("the rank is {} instead of {}: it follows from the points", better + 1, *old.rank));
        }
    }

    template <class T, class Old>
    std::optional<T> converted(std::string_view table, const Old& old) {
        try {
            return convert(old, [&](std::string what) { report_.change(table, old.id, std::move(what)); });
        } catch (const NotMovable& error) {
            report_.leave_out(table, old.id, error.what());
            return std::nullopt;
        }
    }

    template <class Old>
    db::Task<std::set<std::int64_t>> existing(const std::vector<Old>& page, std::int64_t Old::* user_id) {
        std::set<std::int64_t> ids;
        for (const auto& old : page) ids.insert(old.*user_id);
        return target::existing_users(tx_, std::move(ids));
    }

    bool has_owner(std::string_view table, const std::set<std::int64_t>& owners, std::int64_t id, std::int64_t user_id) {
        if (owners.contains(user_id)) return true;
        report_.leave_out(table, id, std::format("its user {} was not moved", user_id));
        return false;
    }

    void note_read(std::string_view table, std::int64_t rows) {
        report_.read(table, rows);
        done_ += rows;
        if (all_rows_ > 0) options_.progress(k_rows_part * std::min(1.0, static_cast<double>(done_) / static_cast<double>(all_rows_)));
    }

    db::Session& source_;
    db::Transaction& tx_;
    const MoveOptions& options_;
    MoveReport report_;
    std::int64_t all_rows_ = 0;
    std::int64_t done_ = 0;
};

} // namespace

db::Task<void> require_empty(db::Session& target) {
    if (co_await target.get(k_any_user.exists()))
        throw std::runtime_error{"the target has accounts already: move into a new, empty database"};
}

db::Task<MoveReport> move_all(db::Session& source, db::Database& target, MoveOptions options) {
    co_return co_await target.transaction([&](db::Transaction& tx) -> db::Task<MoveReport> {
        co_await require_empty(tx);
        Mover mover{source, tx, options};
        auto report = co_await mover.move_rows();
        recount::Report sums;
        const RecountOptions counting{.mode = recount::Mode::repair, .now = options.now, .progress = [&options](double part) {
                                          options.progress(k_rows_part + (1 - k_rows_part) * part);
                                      }};
        co_await recount_all(tx, counting, sums);
        co_return report;
    });
}

} // namespace focus::app::fastapi
