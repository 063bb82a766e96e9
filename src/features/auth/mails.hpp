// The mails about an account. Fields are those of the templates; `action_url` is the page that the mail links to.
#pragma once

#include "core/mail/content.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace focus::auth::mails {

struct VerifyEmail {
    struct Asked {
        std::string by; // device, address and time
    };
    static constexpr mail::Kind k_kind{"verify_email"};
    std::string action_url;
    std::string not_me_url; // removes the account
    std::int64_t hours = 0; // validity of the link
    std::vector<Asked> asked;
    static VerifyEmail sample(Language language);
};

struct ResetPassword {
    static constexpr mail::Kind k_kind{"reset_password"};
    std::string action_url;
    std::int64_t hours = 0;
    static ResetPassword sample(Language language);
};

struct PasswordChanged {
    static constexpr mail::Kind k_kind{"password_changed"};
    std::string action_url;
    static PasswordChanged sample(Language language);
};

struct AccountDeleted {
    static constexpr mail::Kind k_kind{"account_deleted"};
    std::string action_url;
    static AccountDeleted sample(Language language);
};

struct Welcome {
    static constexpr mail::Kind k_kind{"welcome"};
    std::string action_url;
    static Welcome sample(Language language);
};

} // namespace focus::auth::mails
