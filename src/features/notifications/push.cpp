#include "features/notifications/push.hpp"

#include <charconv>

namespace focus::notifications {

namespace {

struct Frame {
    std::string_view type = "notification";
    std::optional<std::int64_t> id;
    Type notification_type;
    std::string_view title;
    std::string_view message;
    json::RawJson data;
    json::Timestamp timestamp;
};

/// Removes a number and the separator behind it from the front.
template <class T>
bool take(std::string_view& text, T& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end == text.data() + text.size()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return true;
}

} // namespace

std::string encode(const Push& push) {
    std::string out;
    out.reserve(push.frame.size() + 64);
    for (const auto number : {push.user_id, push.id, push.previous_id, static_cast<std::int64_t>(push.is_silent)}) {
        json::append_integer(out, number);
        out += ' ';
    }
    out += to_string(push.type);
    out += '\n';
    return out += push.frame;
}

std::optional<Push> decode(std::string_view payload) {
    Push push;
    int silent = 0;
    if (!take(payload, push.user_id) || !take(payload, push.id) || !take(payload, push.previous_id) || !take(payload, silent)) {
        return std::nullopt;
    }
    const auto line = payload.find('\n');
    if (line == std::string_view::npos) return std::nullopt;
    push.is_silent = silent != 0;
    push.type = type_of(payload.substr(0, line));
    push.frame = payload.substr(line + 1);
    return push;
}

std::string frame_of(const Notification& notification) {
    return json::write(Frame{.id = notification.id == 0 ? std::nullopt : std::optional{notification.id},
                             .notification_type = notification.notification_type,
                             .title = notification.title,
                             .message = notification.message,
                             .data = notification.data,
                             .timestamp = notification.created_at});
}

} // namespace focus::notifications
