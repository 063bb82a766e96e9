#include "features/auth/rules.hpp"

#include "core/base/embedded.hpp"
#include "core/base/fold.hpp"
#include "core/base/month_names.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <ranges>
#include <unordered_set>
#include <utility>

namespace focus::auth::rules {

namespace {

std::size_t count_characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool has_between(std::string_view text, char low, char high) {
    return std::ranges::any_of(text, [=](char c) { return c >= low && c <= high; });
}

/// The name of the first needle that the text contains.
template <std::size_t N>
std::string_view first_match(std::string_view text, const std::array<std::pair<std::string_view, std::string_view>, N>& names) {
    for (const auto& [needle, name] : names) {
        if (text.contains(needle)) return name;
    }
    return {};
}

using Names = std::pair<std::string_view, std::string_view>;

constexpr std::array<Names, 7> k_clients{{{"Focus", "Focus app"},
                                          {"Edg/", "Edge"},
                                          {"OPR/", "Opera"},
                                          {"Firefox/", "Firefox"},
                                          {"Chrome/", "Chrome"},
                                          {"Safari/", "Safari"},
                                          {"curl/", "curl"}}};
constexpr std::array<Names, 7> k_systems{{{"Android", "Android"},
                                          {"iPhone", "iPhone"},
                                          {"iPad", "iPad"},
                                          {"Windows", "Windows"},
                                          {"Mac OS X", "macOS"},
                                          {"CrOS", "ChromeOS"},
                                          {"Linux", "Linux"}}};

bool is_common(std::string_view password) {
    static const auto known = [] {
        std::unordered_set<std::string_view> words;
        for (const auto line : std::views::split(embedded::common_passwords().front().bytes, '\n')) words.emplace(line.begin(), line.end());
        return words;
    }();
    return known.contains(fold_case(password));
}

/// "Firefox on Linux", or the part of it that is known.
std::string device_in(std::string_view user_agent, Language language) {
    const auto client = first_match(user_agent, k_clients);
    const auto system = first_match(user_agent, k_systems);
    if (client.empty() && system.empty()) return std::string{Text{"an unknown device", "un appareil inconnu"}.in(language)};
    if (client.empty() || system.empty()) return std::string{client.empty() ? system : client};
    return std::format("{} {} {}", client, Text{"on", "sur"}.in(language), system);
}

} // namespace

std::string email_hint(std::string_view email) {
    const auto at = email.rfind('@');
    if (at == std::string_view::npos || at == 0) return "…";
    std::size_t first = 1; // bytes of its first character
    while (first < at && (static_cast<unsigned char>(email[first]) & 0xC0U) == 0x80U) ++first;
    return std::string{email.substr(0, first)} + "…" + std::string{email.substr(at)};
}

std::vector<PasswordFault> check_password(std::string_view password) {
    std::vector<PasswordFault> faults;
    const auto characters = count_characters(password);
    if (characters < 8) faults.push_back(PasswordFault::too_short);
    if (characters > 100 || password.size() > 72) faults.push_back(PasswordFault::too_long);
    if (!has_between(password, '0', '9')) faults.push_back(PasswordFault::no_digit);
    if (!has_between(password, 'A', 'Z')) faults.push_back(PasswordFault::no_upper);
    if (!has_between(password, 'a', 'z')) faults.push_back(PasswordFault::no_lower);
    if (password.contains('\0')) faults.push_back(PasswordFault::has_nul);
    if (faults.empty() && is_common(password)) faults.push_back(PasswordFault::too_common);
    return faults;
}

RefreshVerdict judge_refresh(const RefreshFacts& facts, std::optional<std::int64_t> successor_id, EpochMs here) {
    const auto now = facts.now(here);
    if (facts.session_revoked_at_ms || now >= facts.session_expires_at_ms) return RefreshVerdict::ended;
    if (facts.current_token_id == facts.token_id) return now >= facts.token_expires_at_ms ? RefreshVerdict::ended : RefreshVerdict::rotate;
    if (facts.previous_token_id == facts.token_id)
        return successor_id == facts.current_token_id ? RefreshVerdict::repeat : RefreshVerdict::replace;
    if (!successor_id || !facts.spent_at_ms) return RefreshVerdict::reused;
    const auto elapsed = std::max(now - *facts.spent_at_ms, facts.db_now_ms - facts.spent_db_ms.value_or(facts.db_now_ms));
    return elapsed <= k_refresh_grace_ms ? RefreshVerdict::repeat : RefreshVerdict::reused;
}

std::string describe_device(std::string_view user_agent) {
    const auto client = first_match(user_agent, k_clients);
    const auto system = first_match(user_agent, k_systems);
    std::string name{client.empty() ? user_agent.substr(0, std::min<std::size_t>(user_agent.find_first_of(" /("), 50)) : client};
    if (!system.empty()) name += (name.empty() ? "" : " on ") + std::string{system};
    return name;
}

std::string describe_request(const Origin& origin, EpochMs at, Zone zone, Language language) {
    const std::chrono::year_month_day date{zone.day_of(at).value};
    const auto when = std::format("{} {} {} {} {} ({})", static_cast<unsigned>(date.day()),
                                  k_month_names.at(static_cast<unsigned>(date.month()) - 1).in(language), static_cast<int>(date.year()),
                                  Text{"at", "à"}.in(language), format_hhmm(zone.minute_of_day(at)), zone.name());
    const auto address = origin.ip.empty() ? "" : std::format(" ({} {})", Text{"address", "adresse"}.in(language), origin.ip);
    return std::format("{}{}, {} {}", device_in(origin.user_agent, language), address, Text{"on", "le"}.in(language), when);
}

} // namespace focus::auth::rules
