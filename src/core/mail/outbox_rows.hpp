// The statements by which the delivery worker claims, keeps and finishes rows of the outbox.
// Always holds: one worker holds a row at a time (`lease`, valid until `lease_until_ms` of the system's clock, which
// no test sets); every claim counts as an attempt, so that a mail that crashes the process does so a few times only.
#pragma once

#include "core/base/clock.hpp"
#include "core/db/query.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::mail::rows {

/// The sum of all mails that were sent (core/counters).
inline constexpr std::string_view k_sent_counter = "mails.sent";

struct Row {
    std::int64_t id = 0;
    std::string type;
    std::string recipient;
    std::string language;
    std::optional<std::int64_t> user_id;
    std::optional<std::string> sealed;
    int attempts = 0; // this one included
    EpochMs created_at_ms = 0;
};

/// The holder of rows, and until when it holds them.
struct Lease {
    std::string holder;
    EpochMs now_ms = 0; // the system's clock
    EpochMs until_ms = 0;
};

/// Claims up to `limit` rows that are due at `now`, those for which a user waits first.
db::Task<std::vector<Row>> claim(db::Database& database, Lease lease, EpochMs now, int limit);
/// Extends the lease of all rows of the holder.
db::Task<void> renew(db::Session& session, Lease lease);
/// Releases rows that were claimed and never tried.
db::Task<void> release(db::Database& database, std::string holder, std::vector<std::int64_t> ids);

/// Whether the row exists and still has its recipient; it is locked until the transaction ends.
/// The functions below record an attempt's result; retry and dead only while `holder` has the row.
db::Task<bool> is_known(db::Transaction& tx, std::int64_t id);
void record_sent(db::Transaction& tx, const Row& row, EpochMs now);
void record_retry(db::Transaction& tx, const Row& row, std::string_view holder, std::string_view error, EpochMs next_attempt_at_ms);
void record_dead(db::Transaction& tx, const Row& row, std::string_view holder, std::string_view error);

/// Sets the last error of rows that cannot be sent without a server.
db::Task<void> note_no_server(db::Session& session);

struct Backlog {
    std::int64_t length = 0;
    std::optional<EpochMs> oldest_ms; // creation of the oldest
};
[[nodiscard]] db::Query<Backlog> backlog();

} // namespace focus::mail::rows
