#include "core/http/headers.hpp"

#include <algorithm>

namespace focus::http {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool is_alnum(char c) noexcept { return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z'); }

/// RFC 9110 §12.4.2: "0.8" as 800; 0 when it is malformed.
int parse_weight(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
    if (text.size() > 1 && text[1] != '.') return 0;
    int weight = text[0] == '1' ? 1000 : 0;
    int unit = 100;
    for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (c < '0' || c > '9') return 0;
        weight += (c - '0') * unit;
        unit /= 10;
    }
    return std::min(weight, 1000);
}

/// Splits "name;a=b;q=0.5" into its name and weight.
std::string_view split_weight(std::string_view element, int& weight) noexcept {
    weight = 1000;
    auto semicolon = element.find(';');
    const auto name = trim(element.substr(0, semicolon));
    while (semicolon != std::string_view::npos) {
        element.remove_prefix(semicolon + 1);
        semicolon = element.find(';');
        const auto parameter = trim(element.substr(0, semicolon));
        if (parameter.size() > 2 && lower(parameter[0]) == 'q' && parameter[1] == '=') weight = parse_weight(parameter.substr(2));
    }
    return name;
}

} // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::string_view next_element(std::string_view& list) noexcept {
    for (;;) {
        bool quoted = false;
        std::size_t end = 0;
        for (; end < list.size(); ++end) {
            const char c = list[end];
            if (quoted && c == '\\')
                ++end;
            else if (c == '"')
                quoted = !quoted;
            else if (c == ',' && !quoted)
                break;
        }
        end = std::min(end, list.size());
        const auto element = trim(list.substr(0, end));
        const bool last = end == list.size();
        list.remove_prefix(last ? end : end + 1);
        if (!element.empty() || last) return element;
    }
}

bool is_sane_request_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= 128 &&
           std::ranges::all_of(id, [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_sane_idempotency_key(std::string_view key) noexcept {
    return !key.empty() && key.size() <= 255 && std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool accepts_coding(std::string_view accept_encoding, std::string_view coding) noexcept {
    bool by_star = false;
    while (!accept_encoding.empty()) {
        int weight = 0;
        const auto name = split_weight(next_element(accept_encoding), weight);
        if (equal_ignoring_case(name, coding)) return weight > 0;
        if (name == "*") by_star = weight > 0;
    }
    return by_star;
}

int accept_weight(std::string_view accept, std::string_view type) noexcept {
    if (trim(accept).empty()) return 1000;
    const auto family = type.substr(0, type.find('/'));
    int best = 0;
    int best_rank = 0; // 3 type/subtype, 2 type/*, 1 */*
    while (!accept.empty()) {
        int weight = 0;
        const auto range = split_weight(next_element(accept), weight);
        int rank = 0;
        if (equal_ignoring_case(range, type))
            rank = 3;
        else if (range.size() == family.size() + 2 && range.ends_with("/*") && equal_ignoring_case(range.substr(0, family.size()), family))
            rank = 2;
        else if (range == "*/*")
            rank = 1;
        if (rank > best_rank) {
            best_rank = rank;
            best = weight;
        }
    }
    return best;
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) noexcept {
    while (!if_none_match.empty()) {
        auto candidate = next_element(if_none_match);
        if (candidate == "*") return true;
        if (candidate.starts_with("W/")) candidate.remove_prefix(2);
        if (candidate == etag) return true;
    }
    return false;
}

Bearer parse_bearer(std::string_view authorization) noexcept {
    constexpr std::string_view k_scheme = "bearer";
    const auto space = authorization.find(' ');
    if (!equal_ignoring_case(authorization.substr(0, space), k_scheme)) return {};
    if (space == std::string_view::npos) return {Bearer::Kind::malformed, {}};
    const auto token = trim(authorization.substr(space + 1));
    // b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
    const auto padding = token.find('=');
    const auto body = token.substr(0, padding);
    const auto is_token_char = [](char c) { return is_alnum(c) || std::string_view{"-._~+/"}.contains(c); };
    const bool padded_well = padding == std::string_view::npos || token.find_first_not_of('=', padding) == std::string_view::npos;
    if (body.empty() || !padded_well || !std::ranges::all_of(body, is_token_char)) return {Bearer::Kind::malformed, {}};
    return {Bearer::Kind::token, token};
}

bool is_allowed_host(std::string_view host, const std::vector<std::string>& allowed) noexcept {
    if (const auto colon = host.rfind(':'); colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos)
        host = host.substr(0, colon);
    if (host.ends_with('.')) host.remove_suffix(1);
    return std::ranges::any_of(allowed, [host](std::string_view name) {
        if (!name.starts_with("*.")) return equal_ignoring_case(host, name);
        name.remove_prefix(1);
        return host.size() > name.size() && equal_ignoring_case(host.substr(host.size() - name.size()), name);
    });
}

} // namespace focus::http
