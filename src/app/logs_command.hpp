// `focus logs export`: writes the audit trail as JSON Lines, oldest first, page by page.
#pragma once

#include "app/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace focus::app {

/// Filters of the export; an empty value does not filter.
struct LogsOptions {
    std::string level;
    std::string action;
    std::optional<std::int64_t> user_id;
    std::string since; // a day (UTC) or an instant
    std::string until; // the same; a day is included to its end
    std::string text;
    std::string file; // empty: standard output
};

int export_logs(Settings settings, const LogsOptions& options);

} // namespace focus::app
