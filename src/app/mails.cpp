#include "app/mails.hpp"

#include "features/auth/mails.hpp"
#include "features/blocking/messages.hpp"
#include "features/challenges/messages.hpp"
#include "features/oidc/mails.hpp"
#include "features/reminders/mails.hpp"

namespace focus::app {

std::span<const mail::Sample> all_mails() {
    using mail::k_sample_of;
    static constexpr mail::Sample k_all[] = {
        k_sample_of<auth::mails::VerifyEmail>,
        k_sample_of<auth::mails::ResetPassword>,
        k_sample_of<auth::mails::PasswordChanged>,
        k_sample_of<auth::mails::AccountDeleted>,
        k_sample_of<oidc::mails::IdentityLinked>,
        k_sample_of<oidc::mails::IdentityUnlinked>,
        k_sample_of<auth::mails::Welcome>,
        k_sample_of<blocking::LimitWarning>,
        k_sample_of<challenges::messages::ChallengeResults>,
        k_sample_of<reminders::DailyReminder>,
        k_sample_of<reminders::WeeklySummary>,
    };
    return k_all;
}

} // namespace focus::app
