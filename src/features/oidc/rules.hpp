// The rules of sign-in through providers, without I/O: safe redirects, addresses, names for new users.
#pragma once

#include "core/base/clock.hpp"
#include "core/crypto/id_token.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace focus::oidc::rules {

/// How long an identity waits for the password of its account.
inline constexpr EpochMs k_pending_link_ms = 10 * k_minute_ms;

/// The path of the web page that `redirect_to` means: a path itself ("/stats?day=1"), or an address within the page's
/// origin. Nothing for an address that could lead elsewhere. Empty is "/".
[[nodiscard]] std::optional<std::string> local_path(std::string_view redirect_to, std::string_view frontend_url);

using Parameters = std::initializer_list<std::pair<std::string_view, std::string_view>>;
/// The parameters as application/x-www-form-urlencoded; those with an empty value are left out.
[[nodiscard]] std::string encode_form(Parameters parameters);
/// The address with these parameters added to its query.
[[nodiscard]] std::string with_query(std::string_view url, Parameters parameters);

/// A username from a person's name: accents dropped, spaces as '_', cut to 40 characters; "user" when nothing is left.
[[nodiscard]] std::string username_from(std::string_view name);

/// Whether this may be an OpenID endpoint: https, or http on the loopback where plain http is allowed.
[[nodiscard]] bool is_acceptable_endpoint(std::string_view url, bool allow_plain_http);

/// Throws 401 `oauth_failed` unless the provider marks the person's e-mail address as verified.
void require_vouched_for(const crypto::Person& person);

/// Provider names: 1–50 of [a-z0-9_].
[[nodiscard]] bool is_provider_name(std::string_view name);
/// "Google", "Keycloak": the text of a button.
[[nodiscard]] std::string title_of(std::string_view provider_name);

} // namespace focus::oidc::rules
