// The outbox as administrators see it. Nothing of what a mail says is read here.
#pragma once

#include "core/base/days.hpp"
#include "core/db/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::mail {

enum class Status { pending, sent, failed, dead }; // one that is on its way counts as what it was before

struct View {
    std::int64_t id = 0;
    std::string type;
    std::string recipient;
    std::string language;
    Status status = Status::pending;
    std::int64_t attempts = 0;
    std::optional<std::string> last_error;
    EpochMs created_at_ms = 0;
    std::optional<EpochMs> sent_at_ms;
    std::optional<EpochMs> next_attempt_at_ms;
};
struct ViewPage {
    std::vector<View> items;
    std::int64_t total = 0;
};
/// Newest first.
db::Task<ViewPage> list(db::Session& session, std::optional<Status> status, std::int64_t skip, std::int64_t limit);
db::Task<std::optional<View>> find(db::Session& session, std::int64_t id);

/// What has not been sent.
struct Queue {
    std::int64_t pending = 0;
    std::int64_t failed = 0;
    std::int64_t dead = 0;
    std::optional<EpochMs> oldest_ms; // creation of the oldest that waits
    bool is_failing = false;          // nothing has been delivered since the newest that failed was made
};
db::Task<Queue> queue(db::Session& session);
/// How many were sent since that (UTC) day.
db::Task<std::int64_t> sent_since(db::Session& session, Day first);

} // namespace focus::mail
