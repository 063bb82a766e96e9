#include "core/audit/audit.hpp"

#include "core/base/fold.hpp"

#include <optional>

namespace focus::audit {

namespace {

constexpr auto k_insert = db::insert<LogEntry>("audit.insert", "audit_log");

struct ExportedEntry {
    std::int64_t id = 0;
    std::string level;
    std::string action;
    std::string message;
    json::RawJson details;
    std::optional<std::string> ip_address;
    std::optional<std::string> user_agent;
    std::optional<std::string> endpoint;
    std::optional<std::string> resource_type;
    std::optional<std::int64_t> resource_id;
    json::Timestamp created_at;
};
constexpr auto k_personal =
    db::select<ExportedEntry>("audit.personal", "SELECT * FROM audit_log WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");

std::optional<std::string> or_null(std::string_view text) { return text.empty() ? std::nullopt : std::optional<std::string>{text}; }
std::optional<std::int64_t> or_null(std::int64_t id) { return id == 0 ? std::nullopt : std::optional{id}; }

} // namespace

std::string_view to_string(Level level) noexcept {
    switch (level) {
    case Level::info:
        return "info";
    case Level::warning:
        return "warning";
    case Level::error:
        return "error";
    case Level::critical:
        return "critical";
    }
    return "info";
}

void record(db::Transaction& tx, const Origin& origin, const Entry& entry, EpochMs now) {
    tx.defer(k_insert.affected({.id = 0,
                                .level = entry.level,
                                .action = std::string{entry.action},
                                .message = std::string{cut_utf8(entry.message, 500)},
                                .details = {entry.details},
                                .user_id = or_null(entry.user_id),
                                .ip_address = or_null(origin.ip),
                                .user_agent = or_null(cut_utf8(origin.user_agent, 255)),
                                .endpoint = or_null(cut_utf8(origin.endpoint, 255)),
                                .resource_type = or_null(entry.resource_type),
                                .resource_id = or_null(entry.resource_id),
                                .request_id = or_null(origin.request_id),
                                .created_at = {now}}));
}

personal::Section personal_data(db::Database& database) { return personal::table_section(database, "audit_log", k_personal); }

} // namespace focus::audit
