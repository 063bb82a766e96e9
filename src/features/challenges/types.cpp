#include "features/challenges/types.hpp"

#include "core/base/fold.hpp"
#include "core/base/utf8.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace {

constexpr std::array<std::string_view, 8> k_sorts{"created_at", "-created_at", "start_date",         "-start_date",
                                                  "end_date",   "-end_date",   "participants_count", "-participants_count"};

/// The names between the commas, without white space around them; empty ones are left out.
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto name = focus::utf8::trim(text.substr(0, comma));
        if (!name.empty()) names.emplace_back(name);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return names;
}

bool is_name(std::string_view name) {
    namespace utf8 = focus::utf8;
    return utf8::length(name) <= focus::challenges::k_longest_target_app && !utf8::has_control(name, utf8::Lines::one) &&
           utf8::is_visible(name);
}

void drop_repeated(std::vector<std::string>& names) {
    std::set<std::string> seen;
    std::erase_if(names, [&](const std::string& name) { return !seen.insert(focus::fold_case(name)).second; });
}

} // namespace

void focus::json::Codec<focus::challenges::TargetApps>::read(const Reader& in, challenges::TargetApps& out) {
    std::vector<std::string> names;
    if (in.is_string()) {
        const auto text = in.string();
        if (!text) return;
        names = split(*text);
        for (const auto& name : names) {
            if (is_name(name)) continue;
            in.fault("value_error", {"must be names of at most 255 characters, separated by commas",
                                     "doit contenir des noms d'au plus 255 caractères, séparés par des virgules"});
            return;
        }
    } else {
        std::vector<Text<1, challenges::k_longest_target_app>> items;
        detail::read_array(in, 1, challenges::k_max_target_apps, items);
        for (auto& item : items) names.push_back(std::move(item.value));
        if (names.empty()) return; // a validation error was recorded
    }
    drop_repeated(names);
    if (names.empty() || names.size() > challenges::k_max_target_apps) {
        in.fault("value_error", {"must name 1 to 50 apps", "doit nommer de 1 à 50 applications"});
        return;
    }
    out.names = std::move(names);
}

void focus::json::Codec<focus::challenges::TargetApps>::write(std::string& out, const challenges::TargetApps& value) {
    detail::write_array(out, value.names);
}

focus::json::Schema focus::json::Codec<focus::challenges::TargetApps>::schema(Schemas&) {
    const auto name = Schema{"string"}.set("minLength", std::size_t{1}).set("maxLength", challenges::k_longest_target_app);
    const auto list =
        Schema{"array"}.set("items", name.to_json()).set("minItems", std::size_t{1}).set("maxItems", challenges::k_max_target_apps);
    const auto text = Schema{"string"}.set_string("description", "Names separated by commas");
    return Schema{}.set("oneOf", "[" + list.to_json() + "," + text.to_json() + "]");
}

void focus::json::Codec<focus::challenges::Sort>::read(const Reader& in, challenges::Sort& out) {
    const auto index = read_enum(in, k_sorts);
    if (!index) return;
    out = {.field = static_cast<challenges::SortField>(*index / 2), .descending = *index % 2 == 1};
}

void focus::json::Codec<focus::challenges::Sort>::write(std::string& out, const challenges::Sort& value) {
    append_string(out, k_sorts.at(static_cast<std::size_t>(value.field) * 2 + (value.descending ? 1 : 0)));
}

focus::json::Schema focus::json::Codec<focus::challenges::Sort>::schema(Schemas&) {
    std::string names = "[";
    for (const auto name : k_sorts) {
        if (names.size() > 1) names += ',';
        append_string(names, name);
    }
    return Schema{"string"}.set("enum", names + "]");
}

namespace focus::challenges {

namespace {

constexpr std::array<std::string_view, 3> k_types{"minimize_time", "daily_goal", "weekly_goal"};

} // namespace

std::string_view to_string(Type type) noexcept { return k_types[static_cast<std::size_t>(type)]; }

Type type_of(std::string_view name) noexcept {
    const auto found = std::ranges::find(k_types, name);
    return found == k_types.end() ? Type::minimize_time : static_cast<Type>(found - k_types.begin());
}

} // namespace focus::challenges
