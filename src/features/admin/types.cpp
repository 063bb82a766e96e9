#include "features/admin/types.hpp"

#include "core/base/fold.hpp"

#include <algorithm>
#include <array>

namespace {

using focus::json::Schema;

constexpr std::array<std::string_view, 6> k_user_sorts{"created_at", "-created_at", "username", "-username", "last_login", "-last_login"};

Schema schema_of(std::span<const std::string_view> names) {
    std::string list = "[";
    for (const auto name : names) {
        if (list.size() > 1) list += ',';
        focus::json::append_string(list, name);
    }
    return Schema{"string"}.set("enum", list + "]");
}

} // namespace

void focus::json::Codec<focus::admin::Moment>::read(const Reader& in, admin::Moment& out) {
    const auto text = in.trimmed();
    if (!text) return;
    if (const auto day = Day::parse(*text)) {
        out = {.first_ms = Zone{}.start_of(*day), .after_ms = Zone{}.start_of(day->plus(1))};
    } else if (const auto instant = parse_rfc3339(*text)) {
        out = {.first_ms = *instant, .after_ms = *instant + 1};
    } else {
        in.fault("datetime_parsing", {"Must be a day YYYY-MM-DD or an instant like 2026-03-29T01:02:03Z.",
                                      "Doit être un jour AAAA-MM-JJ ou un instant comme 2026-03-29T01:02:03Z."});
    }
}

void focus::json::Codec<focus::admin::Moment>::write(std::string& out, const admin::Moment& value) {
    append_string(out, format_rfc3339(value.first_ms));
}

focus::json::Schema focus::json::Codec<focus::admin::Moment>::schema(Schemas&) {
    const auto day = Schema{"string"}.set_string("format", "date");
    const auto instant = Schema{"string"}.set_string("format", "date-time");
    return Schema{}.set("anyOf", "[" + day.to_json() + "," + instant.to_json() + "]");
}

void focus::json::Codec<focus::admin::UserSort>::read(const Reader& in, admin::UserSort& out) {
    const auto index = read_enum(in, k_user_sorts);
    if (!index) return;
    out.value = {.field = static_cast<users::AccountSort::Field>(*index / 2), .descending = *index % 2 == 1};
}

void focus::json::Codec<focus::admin::UserSort>::write(std::string& out, const admin::UserSort& value) {
    append_string(out, k_user_sorts.at(static_cast<std::size_t>(value.value.field) * 2 + (value.value.descending ? 1 : 0)));
}

focus::json::Schema focus::json::Codec<focus::admin::UserSort>::schema(Schemas&) { return schema_of(k_user_sorts); }

void focus::json::Codec<focus::admin::LevelName>::read(const Reader& in, admin::LevelName& out) {
    const auto text = in.trimmed();
    if (!text) return;
    const auto& names = k_enum_names<audit::Level>;
    const auto found = std::ranges::find(names, fold_case(*text));
    if (found == names.end()) {
        in.fault("enum", {"Must be one of info, warning, error, critical.", "Doit être l'un de info, warning, error, critical."});
        return;
    }
    out.value = static_cast<audit::Level>(found - names.begin());
}

void focus::json::Codec<focus::admin::LevelName>::write(std::string& out, const admin::LevelName& value) {
    append_string(out, audit::to_string(value.value));
}

focus::json::Schema focus::json::Codec<focus::admin::LevelName>::schema(Schemas&) {
    return Schema{"string"}.set_string("description", "info, warning, error or critical, in any case");
}

namespace focus::admin {

audit::Filter filter_of(const LogsQuery& query) {
    audit::Filter filter;
    if (query.level) filter.levels = {query.level->value};
    if (query.action) filter.action = query.action->value;
    if (query.user_id) filter.user_id = query.user_id->value;
    if (query.start_date) filter.from_ms = query.start_date->first_ms;
    if (query.end_date) filter.before_ms = query.end_date->after_ms;
    if (query.q) filter.text = query.q->value;
    return filter;
}

} // namespace focus::admin
