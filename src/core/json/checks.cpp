#include "core/json/checks.hpp"

#include "core/base/utf8.hpp"
#include "core/json/lines.hpp"

#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace focus::json {
namespace {

constexpr focus::Text k_empty{"Must not be empty.", "Ne doit pas être vide."};
constexpr focus::Text k_short{"Must be at least {limit} characters long.", "Doit comporter au moins {limit} caractères."};
constexpr focus::Text k_long{"Must be at most {limit} characters long.", "Doit comporter au plus {limit} caractères."};
constexpr focus::Text k_one_line{"Must be one line without control characters.", "Doit tenir sur une ligne, sans caractères de contrôle."};
constexpr focus::Text k_control{"Must not contain control characters other than line breaks.",
                                "Ne doit pas contenir de caractères de contrôle autres que les sauts de ligne."};
constexpr focus::Text k_invisible{"Must contain a visible character.", "Doit contenir un caractère visible."};
constexpr focus::Text k_timestamp{"Must be a time stamp by RFC 3339, like 2026-03-29T10:30:00Z.",
                                  "Doit être un horodatage RFC 3339, par exemple 2026-03-29T10:30:00Z."};
constexpr focus::Text k_date{"Must be a date like 2026-03-29.", "Doit être une date, par exemple 2026-03-29."};
constexpr focus::Text k_time{"Must be a time of day like 21:30.", "Doit être une heure, par exemple 21:30."};
constexpr focus::Text k_email{"Must be an e-mail address.", "Doit être une adresse e-mail."};
constexpr focus::Text k_url{"Must be an http or https address with a host.", "Doit être une adresse http ou https avec un hôte."};
constexpr focus::Text k_scheme{"Must begin with http:// or https://.", "Doit commencer par http:// ou https://."};
constexpr focus::Text k_zone{"Must be the name of a time zone, like Europe/Paris.",
                             "Doit être le nom d'un fuseau horaire, par exemple Europe/Paris."};
constexpr focus::Text k_enum{"Must be one of: {expected}.", "Doit être l'une des valeurs : {expected}."};

TextArgs limit_args(std::size_t limit) { return {{"limit", std::to_string(limit)}}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_letter(c) || is_digit(c); }

/// Dot-separated labels of 1 to 63 letters, digits and inner hyphens (RFC 1123 §2.1).
bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > 253) return false;
    while (true) {
        const auto label = host.substr(0, host.find('.'));
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
        if (!std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; })) return false;
        if (label.size() == host.size()) return true;
        host.remove_prefix(label.size() + 1);
    }
}

/// Dot-string of RFC 5321 §4.1.2.
bool is_local_part(std::string_view local) {
    static constexpr std::string_view k_more = "!#$%&'*+/=?^_`{|}~-.";
    return !local.empty() && local.size() <= 64 && local.front() != '.' && local.back() != '.' && !local.contains("..") &&
           std::ranges::all_of(local, [](char c) { return is_alnum(c) || k_more.contains(c); });
}

bool is_email(std::string_view text) {
    const auto at = text.rfind('@');
    if (at == std::string_view::npos || text.size() > 254 || !is_local_part(text.substr(0, at))) return false;
    const auto domain = text.substr(at + 1);
    const auto dot = domain.rfind('.');
    // a top-level domain never has digits only: that would be an address literal without its brackets
    return is_host_name(domain) && dot != std::string_view::npos && !std::ranges::all_of(domain.substr(dot + 1), is_digit);
}

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    return stop == end && error == std::errc{} && port <= 65535;
}

/// "host", "host:port", "[IPv6]" or "[IPv6]:port"; no user information, which is used only for phishing.
bool is_authority(std::string_view text) {
    const auto authority = boost::urls::parse_authority(text);
    if (!authority || authority->has_userinfo() || (authority->has_port() && !is_port(authority->port()))) return false;
    const std::string_view host = authority->encoded_host();
    return authority->host_type() == boost::urls::host_type::ipv6 ? !host.contains('%') : is_host_name(host); // no zone: fe80::1%25eth0
}

/// Strips "http://" or "https://" in any case.
bool strip_scheme(std::string_view& url) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (std::ranges::equal(url.substr(0, scheme.size()), scheme, [](char a, char b) { return (is_letter(a) ? a | 0x20 : a) == b; })) {
            url.remove_prefix(scheme.size());
            return true;
        }
    }
    return false;
}

void read_text_of(utf8::Lines lines, const Reader& in, std::size_t min, std::size_t max, std::string& out) {
    const auto text = in.trimmed();
    if (!text) return;
    const auto length = utf8::length(*text);
    if (length < min)
        in.fault("string_too_short", min == 1 ? k_empty : k_short, limit_args(min));
    else if (length > max)
        in.fault("string_too_long", k_long, limit_args(max));
    else if (utf8::has_control(*text, lines))
        in.fault("value_error", lines == utf8::Lines::one ? k_one_line : k_control);
    else if (length > 0 && !utf8::is_visible(*text))
        in.fault("value_error", k_invisible);
    else
        out = *text;
}

} // namespace

void read_text(const Reader& in, std::size_t min, std::size_t max, std::string& out) { read_text_of(utf8::Lines::one, in, min, max, out); }

void read_lines(const Reader& in, std::size_t min, std::size_t max, std::string& out) {
    read_text_of(utf8::Lines::several, in, min, max, out);
}

void read_minutes(const Reader& in, double min, double max, std::int64_t& ms) {
    constexpr double k_ms = 60000.0;
    if (const auto minutes = in.number(min, max)) ms = std::llround(*minutes * k_ms);
}

void read_timestamp(const Reader& in, EpochMs& out) {
    const auto text = in.string();
    if (!text) return;
    if (const auto at = parse_rfc3339(*text))
        out = *at;
    else
        in.fault("datetime_parsing", k_timestamp);
}

void read_date(const Reader& in, Day& out) {
    const auto text = in.string();
    if (!text) return;
    if (const auto day = Day::parse(*text))
        out = *day;
    else
        in.fault("date_parsing", k_date);
}

void read_time_of_day(const Reader& in, int& minute_of_day) {
    const auto text = in.string();
    if (!text) return;
    if (const auto minute = parse_hhmm(*text))
        minute_of_day = *minute;
    else
        in.fault("time_parsing", k_time);
}

void read_email(const Reader& in, std::string& out) {
    const auto text = in.trimmed();
    if (!text) return;
    if (is_email(*text))
        out = *text;
    else
        in.fault("value_error", k_email);
}

void read_url(const Reader& in, std::string& out) {
    const auto text = in.trimmed();
    if (!text) return;
    if (text->size() > k_max_url) return in.fault("url_too_long", k_long, limit_args(k_max_url));
    auto rest = *text;
    if (!strip_scheme(rest)) return in.fault("url_scheme", k_scheme);
    const auto is_allowed = [](char c) { return c > ' ' && c < 0x7F && !std::string_view{"\"<>\\^`{|}"}.contains(c); };
    if (!std::ranges::all_of(rest, is_allowed) || !is_authority(rest.substr(0, rest.find_first_of("/?#"))))
        return in.fault("url_parsing", k_url);
    out = *text;
}

void read_zone(const Reader& in, std::string& out) {
    const auto text = in.string();
    if (!text) return;
    if (Zone::find(*text))
        out = *text;
    else
        in.fault("value_error", k_zone);
}

std::optional<std::size_t> read_enum(const Reader& in, std::span<const std::string_view> names) {
    const auto text = in.string();
    if (!text) return std::nullopt;
    if (const auto found = std::ranges::find(names, *text); found != names.end()) return static_cast<std::size_t>(found - names.begin());
    std::string expected;
    for (const auto name : names) (expected += expected.empty() ? "" : ", ") += name;
    in.fault("enum", k_enum, {{"expected", std::move(expected)}});
    return std::nullopt;
}

} // namespace focus::json
