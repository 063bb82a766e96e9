// The audit trail: one row per thing worth knowing later, written in the transaction of what it records.
// Owns the table `audit_log`. Always holds: no password, token or code ever gets into an entry; `details` is a JSON object.
#pragma once

#include "core/base/caller.hpp"
#include "core/base/clock.hpp"
#include "core/db/database.hpp"
#include "core/personal/personal.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace focus::audit {

enum class Level { info, warning, error, critical };

[[nodiscard]] std::string_view to_string(Level level) noexcept;

struct Entry {
    std::string_view action; // "login_failed"; static storage
    std::string message;     // one English sentence for administrators, at most 500 bytes
    Level level = Level::info;
    std::int64_t user_id = 0; // who did it; 0: nobody known
    std::string_view resource_type = {};
    std::int64_t resource_id = 0;
    std::string details = "{}"; // a JSON object
};

/// Queues the entry in the caller's transaction: no round trip of its own.
void record(db::Transaction& tx, const Origin& origin, const Entry& entry, EpochMs now);

/// The entries about what a user did, for his own export.
[[nodiscard]] personal::Section personal_data(db::Database& database);

} // namespace focus::audit
