#include "core/mail/outbox_rows.hpp"

#include "core/counters/counters.hpp"

#include <algorithm>
#include <iterator>

namespace focus::mail::rows {

namespace {

constexpr auto k_due = db::select<Row>("outbox.due", "SELECT * FROM outbox WHERE bulk = ? AND next_attempt_at_ms <= ? AND "
                                                     "lease_until_ms <= ? ORDER BY next_attempt_at_ms, id LIMIT ?");
constexpr db::Statement k_claim{"outbox.claim",
                                "UPDATE outbox SET status = 'sending', attempts = attempts + 1, lease = ?, lease_until_ms = ? "
                                "WHERE id = ? AND attempts = ? AND lease_until_ms <= ? AND next_attempt_at_ms IS NOT NULL"};
constexpr db::Statement k_renew{"outbox.renew", "UPDATE outbox SET lease_until_ms = ? WHERE lease = ? AND lease_until_ms > ?"};
constexpr db::Statement k_release{
    "outbox.release", "UPDATE outbox SET status = CASE attempts WHEN 1 THEN 'pending' ELSE 'failed' END, attempts = attempts - 1, "
                      "lease = NULL, lease_until_ms = 0 WHERE id = ? AND lease = ?"};
constexpr auto k_recipient = db::select_for_update<std::string>("outbox.recipient", "SELECT recipient FROM outbox WHERE id = ?");
// The address of a mail without an account (the account was deleted) is erased with it.
// An accepted mail becomes sent whatever holder the row has by now: it must not be sent a second time.
constexpr db::Statement k_sent{
    "outbox.sent", "UPDATE outbox SET status = 'sent', sent_at_ms = ?, last_error = NULL, sealed = NULL, next_attempt_at_ms = NULL, "
                   "lease = NULL, lease_until_ms = 0, recipient = CASE WHEN user_id IS NULL THEN '' ELSE recipient END WHERE id = ?"};
constexpr db::Statement k_failed{
    "outbox.failed", "UPDATE outbox SET status = 'failed', last_error = ?, next_attempt_at_ms = ?, lease = NULL, lease_until_ms = 0 "
                     "WHERE id = ? AND lease = ?"};
constexpr db::Statement k_dead{
    "outbox.dead", "UPDATE outbox SET status = 'dead', last_error = ?, sealed = NULL, next_attempt_at_ms = NULL, lease = NULL, "
                   "lease_until_ms = 0, recipient = CASE WHEN user_id IS NULL THEN '' ELSE recipient END WHERE id = ? AND lease = ?"};
constexpr db::Statement k_no_server{"outbox.no_server", "UPDATE outbox SET last_error = 'MAIL_SERVER is not set' "
                                                        "WHERE bulk IN (0, 1) AND next_attempt_at_ms IS NOT NULL AND last_error IS NULL"};
constexpr auto k_backlog = db::select<Backlog>("outbox.backlog", "SELECT COUNT(*) AS length, MIN(created_at_ms) AS oldest_ms FROM outbox "
                                                                 "WHERE bulk IN (0, 1) AND next_attempt_at_ms IS NOT NULL");

db::Task<std::vector<Row>> due(db::Session& session, EpochMs now, EpochMs system_now, int limit) {
    std::vector<Row> found;
    for (const int bulk : {0, 1}) {
        const int left = limit - static_cast<int>(found.size());
        if (left <= 0) break;
        auto rows = co_await session.get(k_due.all(bulk, now, system_now, left));
        std::ranges::move(rows, std::back_inserter(found));
    }
    co_return found;
}

} // namespace

db::Task<std::vector<Row>> claim(db::Database& database, Lease lease, EpochMs now, int limit) {
    // Reading takes no write lock; most reads find nothing.
    if ((co_await due(database, now, lease.now_ms, 1)).empty()) co_return std::vector<Row>{};
    co_return co_await database.transaction([&](db::Transaction& tx) -> db::Task<std::vector<Row>> {
        std::vector<Row> candidates = co_await due(tx, now, lease.now_ms, limit);
        db::Batch batch;
        std::vector<db::Answer<std::uint64_t>> claims;
        for (const Row& row : candidates)
            claims.push_back(batch.add(db::affected(k_claim, lease.holder, lease.until_ms, row.id, row.attempts, lease.now_ms)));
        co_await batch.run(tx);
        std::vector<Row> claimed;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            if (*claims[i] == 0) continue; // another instance was faster
            ++candidates[i].attempts;
            claimed.push_back(std::move(candidates[i]));
        }
        co_return claimed;
    });
}

db::Task<void> renew(db::Session& session, Lease lease) { co_await session.execute(k_renew, lease.until_ms, lease.holder, lease.now_ms); }

db::Task<void> release(db::Database& database, std::string holder, std::vector<std::int64_t> ids) {
    co_await database.transaction([&](db::Transaction& tx) -> db::Task<void> {
        for (const auto id : ids) tx.defer(k_release, id, holder);
        co_return;
    });
}

db::Task<bool> is_known(db::Transaction& tx, std::int64_t id) {
    const auto recipient = co_await tx.get(k_recipient.first(id));
    co_return recipient && !recipient->empty();
}

void record_sent(db::Transaction& tx, const Row& row, EpochMs now) {
    tx.defer(k_sent, now, row.id);
    counters::add(tx, k_sent_counter, row.id, 1, now);
}

void record_retry(db::Transaction& tx, const Row& row, std::string_view holder, std::string_view error, EpochMs next_attempt_at_ms) {
    tx.defer(k_failed, error, next_attempt_at_ms, row.id, holder);
}

void record_dead(db::Transaction& tx, const Row& row, std::string_view holder, std::string_view error) {
    tx.defer(k_dead, error, row.id, holder);
}

db::Task<void> note_no_server(db::Session& session) { co_await session.execute(k_no_server); }

db::Query<Backlog> backlog() { return k_backlog.one(); }

} // namespace focus::mail::rows
