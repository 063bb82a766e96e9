// The SQL of lists of activities: filtered, sorted, page by page.
// Always holds: a page behind a cursor costs as much as the first one, and the count comes from the roll-ups.
// Statements name the index that they use, so that the plan does not change as the history grows.
#pragma once

#include "core/db/query.hpp"
#include "features/activities/cursor.hpp"
#include "features/activities/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::activities::repository {

struct Filter {
    std::optional<std::string> app_name; // part of it, in any case
    std::optional<std::string> app_package;
    std::optional<std::string> category;
    std::optional<std::string> device_type;
    std::optional<Day> from;
    std::optional<Day> to;

    [[nodiscard]] bool has_app_part() const { return app_name || app_package || category || device_type; }
    [[nodiscard]] bool has_days() const { return from || to; }
};

struct PageRequest {
    Filter filter;
    Sort sort;
    std::optional<Cursor> cursor; // instead of `skip`
    std::int64_t skip = 0;
    std::int64_t limit = 50;
};

struct PageResult {
    std::vector<Record> records;
    std::int64_t total = 0;
    bool has_next = false;
    bool has_previous = false;
};
/// The cursor's place must match the sort (see fits()).
db::Task<PageResult> page(db::Session& session, std::int64_t user_id, PageRequest request);

[[nodiscard]] bool fits(const Cursor& cursor, Sort sort);
/// The place of a row in a list of this sort.
[[nodiscard]] Cursor cursor_at(const Record& record, Sort sort, bool backward);

/// The user's whole history in the order of recording, `limit` rows behind the place of `after` (nothing: from the start).
db::Task<std::vector<Record>> history(db::Session& session, std::int64_t user_id, std::optional<Cursor> after, std::int64_t limit);

} // namespace focus::activities::repository
