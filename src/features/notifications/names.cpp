#include "features/notifications/names.hpp"

#include "features/notifications/types.hpp"
#include "features/users/types.hpp"

#include <algorithm>
#include <charconv>

namespace focus::notifications {

namespace {

constexpr std::string_view k_edge = "\x1f";         // before and after the id
constexpr std::string_view k_json_edge = "\\u001f"; // the same inside a JSON string

std::int64_t number_of(std::string_view text) {
    std::int64_t id = 0;
    std::from_chars(text.data(), text.data() + text.size(), id);
    return id;
}

/// Calls `plain` with the text between the marks and `marked` with their ids, in order.
template <class Plain, class Marked>
void split(std::string_view text, const Plain& plain, const Marked& marked) {
    const auto edge_at = [&] {
        const auto raw = text.find(k_edge);
        const auto escaped = text.find(k_json_edge);
        return raw < escaped ? std::pair{raw, k_edge} : std::pair{escaped, k_json_edge};
    };
    for (;;) {
        const auto [begin, edge] = edge_at();
        plain(text.substr(0, begin));
        if (begin == std::string_view::npos) return;
        text.remove_prefix(begin + edge.size());
        const auto end = text.find(edge);
        if (end == std::string_view::npos) return; // it was cut off with the end of a long text
        marked(number_of(text.substr(0, end)));
        text.remove_prefix(end + edge.size());
    }
}

} // namespace

std::string mark_of(std::int64_t user_id) { return std::string{k_edge} + std::to_string(user_id) + std::string{k_edge}; }

namespace names {

void collect(std::string_view text, std::set<std::int64_t>& ids) {
    split(text, [](std::string_view) {}, [&](std::int64_t id) { ids.insert(id); });
}

std::string fill(std::string_view text, const Known& known, Language language) {
    std::string filled;
    split(
        text, [&](std::string_view plain) { filled += plain; },
        [&](std::int64_t id) {
            const auto found = known.find(id);
            filled += found == known.end() ? users::k_deleted_user.in(language) : std::string_view{found->second};
        });
    return filled;
}

} // namespace names

} // namespace focus::notifications
