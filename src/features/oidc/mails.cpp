#include "features/oidc/mails.hpp"

namespace focus::oidc::mails {

IdentityLinked IdentityLinked::sample(Language /*language*/) {
    return {.action_url = "https://focus.example.org/settings", .provider = "Google", .identity_email = "camille@example.org"};
}

IdentityUnlinked IdentityUnlinked::sample(Language /*language*/) {
    return {.action_url = "https://focus.example.org/settings", .provider = "Google", .identity_email = "camille@example.org"};
}

} // namespace focus::oidc::mails
