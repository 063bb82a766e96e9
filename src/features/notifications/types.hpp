// The types of the notifications module: drafts of other modules, and the notifications that clients see.
#pragma once

#include "core/base/text.hpp"
#include "core/json/lines.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace focus::notifications {

/// The kinds that clients distinguish (and subscribe to).
enum class Type { limit_warning, app_blocked, challenge_update, activity_update, policy_update, custom };

inline constexpr std::size_t k_max_title = 200;    // characters
inline constexpr std::size_t k_max_message = 2000; // characters
inline constexpr EpochMs k_kept_ms = 30 * k_day_ms;

/// A user whom a text names.
struct Person {
    std::int64_t id = 0;
    std::string name;
};

/// The mark that replaces the name in stored texts and data (see names.hpp).
[[nodiscard]] std::string mark_of(std::int64_t user_id);

/// A notification to send. The texts are rendered in the language of the recipient.
struct Draft {
    Type type = Type::custom;
    Text title;
    Text message;
    TextArgs args = {};
    std::string data = "{}";    // a JSON object for programs
    Person about = {};          // whose mark is in args and data: stored as it is, pushed as the name
    std::string dedup_key = {}; // empty: none; else the same key is stored once per user (ASCII, at most 190)
};

/// A text that a user wrote: the same in every language.
inline constexpr Text k_as_written_title{"{title}", "{title}"};
inline constexpr Text k_as_written_message{"{message}", "{message}"};

/// A stored notification as its owner sees it.
struct Notification {
    std::int64_t id = 0;
    Type notification_type = Type::custom;
    std::string title;
    std::string message;
    json::RawJson data;
    bool is_read = false;
    json::Timestamp created_at;

    static constexpr json::FieldDoc k_docs[] = {
        {"id", "Grows from notification to notification of one user"},
        {"title", "In the user's language"},
        {"data", "What programs need to know; depends on the type"},
    };
};

struct ListQuery {
    std::optional<bool> unread;
    std::optional<json::Integer<0, INT64_MAX>> after_id;
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 100>, 50> limit;

    static constexpr json::FieldDoc k_docs[] = {
        {"unread", "true: only those not read yet; false: only the others"},
        {"after_id", "Only those after this id, oldest first (without it the newest come first)"},
    };
};

struct Listed {
    std::vector<Notification> items;
    std::int64_t total = 0;
};

/// A notification that administrators send to users.
struct Announcement {
    json::Text<1, k_max_title> title;
    json::Lines<1, k_max_message> message;
    std::optional<json::List<std::int64_t, 1, 1000>> user_ids;

    static constexpr json::FieldDoc k_docs[] = {{"user_ids", "The recipients; all users when it is left out"}};
};

enum class AnnouncementStatus { sent, sending };
struct Announced {
    std::string message;
    std::int64_t recipients = 0;
    AnnouncementStatus status = AnnouncementStatus::sent;

    static constexpr json::FieldDoc k_docs[] = {
        {"recipients", "Who have it by now"},
        {"status", "`sending`: there are so many that the others get it step by step"},
    };
};

struct ReadAll {
    std::string message;
    std::int64_t updated = 0;
};

[[nodiscard]] std::string_view to_string(Type type) noexcept;
/// `custom` for a name that this version doesn't know.
[[nodiscard]] Type type_of(std::string_view name) noexcept;

} // namespace focus::notifications
