#include "core/jobs/clock_guard.hpp"

#include "core/base/days.hpp"
#include "core/base/log.hpp"
#include "core/db/query.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace focus::jobs {

namespace {

constexpr EpochMs k_fresh_ms = 5 * k_minute_ms; // a younger mark is not written again

struct Marks {
    std::optional<EpochMs> trusted_ms;
    std::optional<EpochMs> trial_since_ms;
    std::optional<EpochMs> trial_seen_ms;
};
constexpr db::SqlText k_marks{"SELECT * FROM clock_marks WHERE id = 1"};
constexpr auto k_read = db::select<Marks>("clock_marks.read", k_marks);
constexpr auto k_find = db::select_for_update<Marks>("clock_marks.find", k_marks);
constexpr auto k_set = db::update<Marks>("clock_marks.set", "clock_marks", "WHERE id = 1");

bool is_leap(EpochMs from, EpochMs to) { return std::abs(to - from) > k_leap_ms; }

/// Updates the marks by the clock; returns whether a trial begins.
bool look(Marks& marks, EpochMs now) {
    if (!marks.trusted_ms || !is_leap(*marks.trusted_ms, now)) {
        marks = {.trusted_ms = now, .trial_since_ms = std::nullopt, .trial_seen_ms = std::nullopt};
        return false;
    }
    // Concurrent looks may be stored in reverse order, so a slightly smaller time continues the trial, too.
    const bool goes_on = marks.trial_seen_ms && std::abs(now - *marks.trial_seen_ms) <= k_trial_step_ms;
    if (!goes_on) marks.trial_since_ms = now;
    marks.trial_seen_ms = goes_on ? std::max(now, *marks.trial_seen_ms) : now;
    if (now - *marks.trial_since_ms >= k_trial_ms)
        marks = {.trusted_ms = now, .trial_since_ms = std::nullopt, .trial_seen_ms = std::nullopt};
    return !goes_on;
}

} // namespace

db::Task<EpochMs> ClockGuard::leap() {
    const auto now = clock_.now_ms();
    const auto known = co_await db_.get(k_read.one());
    if (known.trusted_ms && !known.trial_since_ms && std::abs(now - *known.trusted_ms) < k_fresh_ms) co_return 0;
    std::optional<EpochMs> from; // the trusted time before the trial
    const auto marks = co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Marks> {
        auto found = co_await tx.get(k_find.one());
        const auto before = found.trusted_ms;
        from = look(found, now) ? before : std::nullopt;
        tx.defer(k_set.affected(found));
        co_return found;
    });
    if (from) {
        const auto trusted = format_rfc3339(*from);
        const auto shown = format_rfc3339(now);
        log::warning("the clock has leapt; nothing is deleted until its time has held for an hour",
                     {{"from", std::string_view{trusted}}, {"to", std::string_view{shown}}});
    }
    co_return marks.trial_since_ms ? std::abs(now - *marks.trusted_ms) : 0;
}

db::Task<void> ClockGuard::note() {
    if (noted_at_) {
        const auto passed = Steady::now() - *noted_at_;
        const auto expected = noted_ms_ + std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
        if (passed < k_look_every && !is_leap(expected, clock_.now_ms())) co_return;
    }
    co_await leap();
    noted_at_ = Steady::now();
    noted_ms_ = clock_.now_ms();
}

db::Task<void> ClockGuard::trust(EpochMs now) { co_await db_.get(k_set.affected({.trusted_ms = now})); }

} // namespace focus::jobs
