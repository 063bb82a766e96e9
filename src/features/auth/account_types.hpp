// What proofs of identity and mailed links speak.
// Always holds: no type here that goes out carries a token.
#pragma once

#include "features/auth/oidc_types.hpp"
#include "features/auth/types.hpp"

#include <string>
#include <vector>

namespace focus::auth {

/// The password once more, for what a stolen access token must not be enough for.
struct Reauthenticate {
    std::string password;
};

/// The password of the account that an identity is to be linked to.
struct ConfirmLink {
    json::Text<1, 200> link_token;
    std::string password;

    static constexpr json::FieldDoc k_docs[] = {{"link_token", "Of the 409 link_confirmation_required; good once, for ten minutes"},
                                                {"password", "Of the account with this address"}};
};

/// What a mailed link would do, and to which account, for the page that asks before it acts.
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
