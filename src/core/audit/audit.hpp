// The audit trail: one row per event worth recording, written in the transaction of what it records.
// Owns the table `audit_log`. Always holds: no entry contains a password, token or code; `details` is a JSON object.
#pragma once

#include "core/base/caller.hpp"
#include "core/base/clock.hpp"
#include "core/db/database.hpp"
#include "core/personal/personal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace focus::audit {

enum class Level { info, warning, error, critical };

[[nodiscard]] std::string_view to_string(Level level) noexcept;

} // namespace focus::audit

template <>
inline constexpr std::optional<focus::audit::Level> focus::db::k_when_unknown<focus::audit::Level> = focus::audit::Level::info;

namespace focus::audit {

struct Entry {
    std::string_view action; // "login_failed"; static storage
    std::string message;     // one English sentence for administrators, at most 500 bytes
    Level level = Level::info;
    std::int64_t user_id = 0; // who did it; 0: unknown
    std::string_view resource_type = {};
    std::int64_t resource_id = 0;
    std::string details = "{}"; // a JSON object
};

/// An entry as it is stored and shown.
struct LogEntry {
    std::int64_t id = 0;
    Level level = Level::info;
    std::string action;
    std::string message;
    json::RawJson details;
    std::optional<std::int64_t> user_id;
    std::optional<std::string> ip_address;
    std::optional<std::string> user_agent;
    std::optional<std::string> endpoint;
    std::optional<std::string> resource_type;
    std::optional<std::int64_t> resource_id;
    std::optional<std::string> request_id;
    json::Timestamp created_at;

    static constexpr json::FieldDoc k_docs[] = {{"user_id", "The user who did it; null: an unknown client, or the service itself"}};
};

/// Queues the entry in the caller's transaction: no round trip of its own.
void record(db::Transaction& tx, const Origin& origin, const Entry& entry, EpochMs now);

/// The entries about what a user did, for the export of their data.
[[nodiscard]] personal::Section personal_data(db::Database& database);

} // namespace focus::audit
