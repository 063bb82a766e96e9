// The JSON bodies of all requests. The first byte selects the type.
#include "features/activities/types.hpp"
#include "features/auth/types.hpp"
#include "features/blocking/types.hpp"
#include "features/challenges/types.hpp"
#include "features/notifications/types.hpp"
#include "features/oidc/types.hpp"
#include "features/users/types.hpp"
#include "fuzz.hpp"

#include <array>

namespace focus::fuzz {
namespace {

template <class T>
void read(std::string_view text) {
    try {
        static_cast<void>(json::parse<T>(text, "body"));
    } catch (const Error& error) {
        must(error.kind() == ErrorKind::invalid && !error.faults().empty(), "an Error has its faults");
        must(error.faults().size() <= json::k_max_faults, "faults are bounded");
        for (const auto& fault : error.faults()) {
            must(!fault.loc.empty() && !fault.type.empty(), "a fault says where and what");
            must(!fault.message.render(Language::en, fault.args).empty(), "a fault has a message");
        }
    }
}

constexpr std::array<void (*)(std::string_view), 24> k_readers{
    &read<auth::Register>,
    &read<auth::Login>,
    &read<auth::Refresh>,
    &read<auth::Logout>,
    &read<auth::Token>,
    &read<auth::Address>,
    &read<auth::ResetPassword>,
    &read<auth::ChangePassword>,
    &read<oidc::ExchangeCode>,
    &read<oidc::NativeToken>,
    &read<oidc::LinkWish>,
    &read<oidc::LinkToken>,
    &read<users::UpdateProfile>,
    &read<activities::NewActivity>,
    &read<activities::NewBatch>,
    &read<activities::UpdateActivity>,
    &read<activities::UpdateApp>,
    &read<blocking::NewBlockedApp>,
    &read<blocking::UpdateBlockedApp>,
    &read<challenges::NewChallenge>,
    &read<challenges::UpdateChallenge>,
    &read<challenges::Invitation>,
    &read<challenges::RequiredInvitation>,
    &read<notifications::Announcement>,
};

} // namespace
} // namespace focus::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    using focus::fuzz::k_readers;
    k_readers.at(data[0] % k_readers.size())(focus::fuzz::text_of(data + 1, size - 1)); // NOLINT: libFuzzer's interface
    return 0;
}
