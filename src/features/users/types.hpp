// The types of the users module: accounts as the API shows them, and what clients may change.
// Always holds: no type here carries a password hash or a token.
#pragma once

#include "core/base/caller.hpp"
#include "core/json/lines.hpp"
#include "core/mail/content.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::users {

/// 3–50 of [A-Za-z0-9_-]; unique without regard to case.
struct Username {
    std::string value;
};

/// How many accounts there are in each state; each is in one.
struct StatusCounts {
    std::int64_t active = 0; // and verified
    std::int64_t unverified = 0;
    std::int64_t inactive = 0;
};

/// An account as its owner and administrators see it.
struct User {
    std::int64_t id = 0;
    std::string email;
    std::string username;
    std::optional<std::string> full_name;
    std::optional<std::string> avatar_url;
    std::optional<std::string> bio;
    Role role = Role::user;
    bool is_active = true;
    bool is_verified = false;
    Language language = Language::en;
    std::string timezone;
    std::optional<json::Minutes> daily_limit_minutes;
    bool notifications_enabled = true;
    bool email_reminders = true;
    json::TimeOfDay reminder_time;
    json::Timestamp created_at;
    json::Timestamp updated_at;
    std::optional<json::Timestamp> last_login;

    static constexpr json::FieldDoc k_docs[] = {
        {"email", "Unique without regard to case; only the owner and administrators see it"},
        {"timezone", "IANA name; decides which calendar day an activity belongs to"},
        {"daily_limit_minutes", "The overall limit per day; null: none"},
        {"reminder_time", "When the daily reminder is mailed, in the user's zone"},
    };
};

/// The part of an account that all users may see.
struct PublicUser {
    std::int64_t id = 0;
    std::string username;
    std::optional<std::string> full_name;
    std::optional<std::string> avatar_url;
    std::optional<std::string> bio;
};

/// What an owner may change. `email`, `role` and other fields are not listed and therefore ignored.
struct UpdateProfile {
    json::Change<Username> username;
    json::Patch<json::Text<0, 100>> full_name;
    json::Patch<json::HttpUrl> avatar_url;
    json::Patch<json::Lines<0, 500>> bio;
    json::Change<Language> language;
    json::Change<json::ZoneName> timezone;
    json::Patch<json::MinutesIn<0, 1440>> daily_limit_minutes;
    json::Change<bool> notifications_enabled;
    json::Change<bool> email_reminders;
    json::Change<json::TimeOfDay> reminder_time;
};

struct Message {
    std::string message;
};

/// A new account, already validated; the password is hashed.
struct NewUser {
    std::string email;
    std::string username;
    std::optional<std::string> password_hash; // nothing: no sign-in by password
    std::optional<std::string> full_name;
    std::optional<std::string> avatar_url;
    Role role = Role::user;
    bool is_active = true;
    bool is_verified = false;
    Language language = Language::en;
    std::string timezone = "UTC";
};

/// What sign-in needs of an account. Never part of an answer.
struct Credentials {
    std::int64_t user_id = 0;
    std::optional<std::string> password_hash; // nothing: no sign-in by password
    bool is_active = false;
    bool is_verified = false;
};

/// What a notification needs of its recipient.
struct Addressee {
    std::int64_t id = 0;
    Language language = Language::en;
    bool notifications_enabled = true;
};

/// Which accounts an administrator's list contains, and in which order.
struct AccountFilter {
    std::optional<std::string> text; // a part of the username, full name or e-mail, in any case
    std::optional<Role> role;
    std::optional<bool> is_active;
    std::optional<bool> is_verified;
    std::optional<EpochMs> created_from_ms;
    std::optional<EpochMs> created_before_ms;
};
struct AccountSort {
    enum class Field { created_at, username, last_login };
    Field field = Field::created_at;
    bool descending = true;
};
struct AccountPage {
    std::vector<User> users;
    std::int64_t total = 0; // over all pages
};

/// The sums over all accounts.
struct AccountCounts {
    std::int64_t total = 0;
    std::int64_t active = 0;
    std::int64_t verified = 0;
};
/// How many accounts were made and deleted on a UTC day.
struct AccountDay {
    Day day;
    std::int64_t joined = 0;
    std::int64_t gone = 0;
};

/// Whether, and from which limit on, the user is alerted of their use.
struct AlertSettings {
    std::optional<std::int64_t> daily_limit_ms;
    bool notifications_enabled = true;
};

[[nodiscard]] PublicUser public_part(const User& user);
/// The name in mails and pages: the full name when there is one.
[[nodiscard]] std::string display_name(const User& user);
/// A mail to the user. It has a name only once the address is verified: before, a third party may have chosen it.
[[nodiscard]] mail::Recipient recipient_of(const User& user);
/// Shown instead of a deleted user's name.
inline constexpr Text k_deleted_user{"deleted user", "compte supprimé"};

} // namespace focus::users

template <>
struct focus::json::Codec<focus::users::Username> {
    static void read(const Reader& in, users::Username& out);
    static void write(std::string& out, const users::Username& value) { append_string(out, value.value); }
    static Schema schema(Schemas& all);
};
