#include "features/reminders/repository.hpp"

namespace focus::reminders::repository {

namespace {

constexpr db::Statement k_put{
    "reminders.put",
    db::Sql{
        "INSERT INTO reminders (user_id, next_reminder_ms, next_summary_ms) VALUES (?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET "
        "next_reminder_ms = CASE WHEN reminders.next_reminder_ms <= ? THEN reminders.next_reminder_ms ELSE excluded.next_reminder_ms END, "
        "next_summary_ms = CASE WHEN reminders.next_summary_ms <= ? THEN reminders.next_summary_ms ELSE excluded.next_summary_ms END",
        "INSERT INTO reminders (user_id, next_reminder_ms, next_summary_ms) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE "
        "next_reminder_ms = CASE WHEN next_reminder_ms <= ? THEN next_reminder_ms ELSE VALUES(next_reminder_ms) END, "
        "next_summary_ms = CASE WHEN next_summary_ms <= ? THEN next_summary_ms ELSE VALUES(next_summary_ms) END"}};
constexpr db::Statement k_remove{"reminders.remove", "DELETE FROM reminders WHERE user_id = ?"};
constexpr auto k_due_reminders =
    db::select<Due>("reminders.due_reminders", "SELECT user_id, next_reminder_ms AS due_ms FROM reminders WHERE next_reminder_ms <= ? "
                                               "ORDER BY next_reminder_ms, user_id LIMIT ?");
constexpr auto k_due_summaries =
    db::select<Due>("reminders.due_summaries", "SELECT user_id, next_summary_ms AS due_ms FROM reminders WHERE next_summary_ms <= ? "
                                               "ORDER BY next_summary_ms, user_id LIMIT ?");

} // namespace

void put(db::Transaction& tx, std::int64_t user_id, std::optional<EpochMs> reminder, std::optional<EpochMs> summary, EpochMs now) {
    tx.defer(k_put, user_id, reminder, summary, now, now);
}

void remove(db::Transaction& tx, std::int64_t user_id) { tx.defer(k_remove, user_id); }

db::Query<std::vector<Due>> due(Kind kind, EpochMs now, int limit) {
    return kind == Kind::daily_reminder ? k_due_reminders.all(now, limit) : k_due_summaries.all(now, limit);
}

void reschedule(db::Transaction& tx, Kind kind, EpochMs from, std::optional<EpochMs> to, const std::vector<std::int64_t>& user_ids) {
    const std::string column = kind == Kind::daily_reminder ? "next_reminder_ms" : "next_summary_ms";
    std::vector<db::Value> params{db::to_value(to)};
    params.insert(params.end(), user_ids.begin(), user_ids.end());
    params.emplace_back(from);
    tx.defer(db::Command::composed("reminders.reschedule",
                                   "UPDATE reminders SET " + column + " = ? WHERE user_id IN (" + db::places(user_ids.size()) + ") AND " +
                                       column + " = ?",
                                   std::move(params)));
}

} // namespace focus::reminders::repository
