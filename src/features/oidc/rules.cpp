#include "features/oidc/rules.hpp"

#include "core/base/url.hpp"
#include "core/http/target.hpp"
#include "features/oidc/errors.hpp"

#include <algorithm>

namespace focus::oidc::rules {

namespace {

constexpr std::size_t k_max_path = 1024;
constexpr std::size_t k_min_username = 3;
constexpr std::size_t k_max_username = 40; // leaves space for a suffix that makes it unique

/// U+00C0 … U+017F without their accents, one letter each; '.' where there is none.
constexpr std::string_view k_plain_letters = "AAAAAAACEEEEIIIIDNOOOOO.OUUUUYTsaaaaaaaceeeeiiiidnooooo.ouuuuyty"
                                             "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlL"
                                             "lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
static_assert(k_plain_letters.size() == 0x180 - 0xC0);

std::string_view origin_of(std::string_view url) {
    const auto host = url.find("://");
    return host == std::string_view::npos ? url : url.substr(0, url.find_first_of("/?#", host + 3));
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

} // namespace

std::optional<std::string> local_path(std::string_view redirect_to, std::string_view frontend_url) {
    const auto origin = origin_of(frontend_url);
    if (redirect_to.starts_with(origin)) {
        redirect_to.remove_prefix(origin.size());
        if (!redirect_to.empty() && redirect_to.front() != '/') return std::nullopt; // https://page.example.evil.org
    }
    if (redirect_to.empty()) return "/";
    // Browsers read "//host" and "/\host" as another host, and drop tabs and newlines first.
    const auto is_plain = [](char c) { return c > ' ' && c <= '~' && c != '\\'; };
    if (redirect_to.front() != '/' || redirect_to.starts_with("//") || redirect_to.size() > k_max_path ||
        !std::ranges::all_of(redirect_to, is_plain))
        return std::nullopt;
    return std::string{redirect_to};
}

std::string encode_form(Parameters parameters) {
    std::string form;
    for (const auto& [name, value] : parameters) {
        if (value.empty()) continue;
        if (!form.empty()) form += '&';
        http::append_encoded(form, name);
        form += '=';
        http::append_encoded(form, value);
    }
    return form;
}

std::string with_query(std::string_view url, Parameters parameters) {
    return std::string{url} + (url.contains('?') ? '&' : '?') + encode_form(parameters);
}

std::string username_from(std::string_view name) {
    std::string username;
    for (std::size_t i = 0; i < name.size() && username.size() < k_max_username; ++i) {
        const auto byte = static_cast<unsigned char>(name[i]);
        if (is_name_character(name[i])) {
            username += name[i];
        } else if (name[i] == ' ' || name[i] == '.') {
            if (!username.empty() && username.back() != '_') username += '_';
        } else if (byte >= 0xC3 && byte <= 0xC5 && i + 1 < name.size()) { // the two bytes of U+00C0 … U+017F
            const auto code = ((byte & 0x1FU) << 6U) | (static_cast<unsigned char>(name[++i]) & 0x3FU);
            const char letter = k_plain_letters[code - 0xC0];
            if (letter != '.') username += letter;
        }
    }
    while (username.ends_with('_')) username.pop_back();
    if (username.size() < k_min_username) return "user";
    return username;
}

bool is_acceptable_endpoint(std::string_view url, bool allow_plain_http) {
    const auto parts = split_url(url);
    if (!parts || parts->host.empty()) return false;
    if (parts->scheme == "https") return true;
    const auto& host = parts->host;
    return allow_plain_http && parts->scheme == "http" && !parts->user && (host == "localhost" || host == "127.0.0.1" || host == "::1");
}

void require_vouched_for(const crypto::Person& person) {
    if (person.email.empty() || !person.email_verified) throw oauth_failed("the provider does not vouch for an e-mail address");
}

bool is_provider_name(std::string_view name) {
    return !name.empty() && name.size() <= 50 &&
           std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::string title_of(std::string_view provider_name) {
    std::string title{provider_name};
    std::ranges::replace(title, '_', ' ');
    if (!title.empty() && title.front() >= 'a' && title.front() <= 'z') title.front() = static_cast<char>(title.front() - 'a' + 'A');
    return title;
}

} // namespace focus::oidc::rules
