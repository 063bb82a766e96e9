// The outbox as administrators see it. Always holds: the content of a mail is never read here.
#pragma once

#include "core/base/days.hpp"
#include "core/base/text.hpp"
#include "core/db/query.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::mail {

enum class Status { pending, sent, failed, dead }; // a mail that is being sent has its status from before

struct OutboxMail {
    std::int64_t id = 0;
    std::string type;
    std::string recipient;
    Language language = Language::en;
    Status status = Status::pending;
    std::int64_t attempts = 0;
    std::optional<std::string> last_error;
    json::Timestamp created_at;
    std::optional<json::Timestamp> sent_at;
    std::optional<json::Timestamp> next_attempt_at;

    static constexpr json::FieldDoc k_docs[] = {
        {"recipient", "Empty once the account is deleted"},
        {"status", "`failed`: it is tried again at `next_attempt_at`; `dead`: it never will be"},
    };
};
/// Newest first.
[[nodiscard]] db::Query<std::vector<OutboxMail>> list(std::optional<Status> status, std::int64_t skip, std::int64_t limit);
[[nodiscard]] db::Query<std::int64_t> count(std::optional<Status> status);
[[nodiscard]] db::Query<std::optional<OutboxMail>> find(std::int64_t id);

/// The mails that are not sent.
struct Queue {
    std::int64_t pending = 0;
    std::int64_t failed = 0;
    std::int64_t dead = 0;
    std::optional<EpochMs> oldest_ms; // creation of the oldest mail that waits
    bool is_failing = false;          // nothing has been delivered since the newest failed mail was made
};
db::Task<Queue> queue(db::Session& session);
/// How many were sent since that (UTC) day.
[[nodiscard]] db::Query<std::int64_t> sent_since(Day first);

} // namespace focus::mail
