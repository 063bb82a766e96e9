// The mails about identities at providers.
#pragma once

#include "core/mail/content.hpp"

#include <string>

namespace focus::oidc::mails {

struct IdentityLinked {
    static constexpr mail::Kind k_kind{"identity_linked"};
    std::string action_url;
    std::string provider; // its title: "Google"
    std::string identity_email;
    static IdentityLinked sample(Language language);
};

struct IdentityUnlinked {
    static constexpr mail::Kind k_kind{"identity_unlinked"};
    std::string action_url;
    std::string provider;
    std::string identity_email;
    static IdentityUnlinked sample(Language language);
};

} // namespace focus::oidc::mails
