// The types of the auth module: credentials in requests, tokens and sessions in answers.
// Always holds: a plain token exists only in the answer and the mail to its owner; tables hold hashes.
#pragma once

#include "core/json/json.hpp"
#include "features/users/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::auth {

/// 8–100 characters and at most 72 bytes (bcrypt's limit), with a digit, an upper-case and a lower-case letter.
struct Password {
    std::string value;
};

struct Register {
    json::EmailAddress email;
    users::Username username;
    Password password;
    std::optional<json::Text<0, 100>> full_name;
    std::optional<Language> language;
    std::optional<json::ZoneName> timezone;
};

/// A password that is only compared: any text, so that a wrong one gives 401 and not 422.
struct Login {
    json::Text<1, 254> email;
    std::string password;
};

struct Refresh {
    std::string refresh_token;
};

struct Logout {
    std::string refresh_token;
    json::Or<bool, false> all;
};

struct Token {
    std::string token;
};

struct Address {
    json::EmailAddress email;
};

struct ResetPassword {
    std::string token;
    Password new_password;
    json::Or<bool, false> drop_identities;

    static constexpr json::FieldDoc k_docs[] = {
        {"drop_identities", "Unlink every identity at a provider, as another person may have linked it"}};
};

struct ChangePassword {
    std::string current_password;
    Password new_password;
};

struct Tokens {
    std::string access_token;
    std::string refresh_token;
    std::string token_type = "bearer";
    std::int64_t expires_in = 0; // seconds until the access token expires

    static constexpr json::FieldDoc k_docs[] = {{"expires_in", "Seconds until the access token expires"}};
};

struct SignedIn {
    std::string access_token;
    std::string refresh_token;
    std::string token_type = "bearer";
    std::int64_t expires_in = 0;
    users::User user;

    static constexpr json::FieldDoc k_docs[] = {{"expires_in", "Seconds until the access token expires"}};
};

/// A live session as its owner sees it.
struct Session {
    std::int64_t id = 0;
    std::string device; // from the User-Agent, in a few words
    std::string user_agent;
    std::string ip_address;
    json::Timestamp created_at;
    json::Timestamp last_used_at;
    json::Timestamp expires_at;
    bool current = false;
};

/// The password again, for actions that need more than an access token.
struct Reauthenticate {
    std::string password;
};

/// An identity at a provider, linked to an account.
struct Identity {
    std::int64_t id = 0;
    std::string provider;
    std::string email;
    json::Timestamp created_at;
    json::Timestamp last_used_at;

    static constexpr json::FieldDoc k_docs[] = {{"email", "The address there; it may be another one than the account's"}};
};

/// The effect of a mailed link and its account, for the page that asks for confirmation.
struct MailedLink {
    std::string purpose;
    std::string email_hint;
    std::string username;
    std::vector<Identity> identities;

    static constexpr json::FieldDoc k_docs[] = {{"purpose", "verify_email, reset_password or unsubscribe", "\"verify_email\""},
                                                {"email_hint", "The masked address of the account", "\"a…@example.org\""},
                                                {"identities", "Of a password reset: who can sign in without the password"}};
};

struct PasswordReset {
    std::vector<Identity> identities;
};

/// The answer to a password reset.
struct ResetDone {
    std::string message;
    std::vector<Identity> identities;

    static constexpr json::FieldDoc k_docs[] = {{"identities", "Who can still sign in without the password"}};
};

} // namespace focus::auth

template <>
struct focus::json::Codec<focus::auth::Password> {
    static void read(const Reader& in, auth::Password& out);
    static void write(std::string& out, const auth::Password&) { out += "\"***\""; }
    static Schema schema(Schemas& all);
};
