#include "core/mail/templates.hpp"

#include <stdexcept>

namespace focus::mail {

namespace {

using Row = std::map<std::string, std::string>;

void with_link(Values& values, const char* path) { values.texts["action_url"] = std::string{"https://focus.example.org"} + path; }

Values limit_warning() {
    Values values;
    values.texts = {{"app_name", "Tom & Jerry"}, {"reached", ""},  {"percent", "80"},      {"bar", "80"},
                    {"used", "48 min"},          {"limit", "1 h"}, {"remaining", "12 min"}};
    with_link(values, "/dashboard");
    return values;
}

Values daily_reminder() {
    Values values;
    values.texts = {{"total", "3 h 42 min"}, {"change", "−12 %"}, {"daily_limit", "3 h"}};
    values.lists["apps"] = {Row{{"app_name", "Instagram"}, {"time", "1 h 20 min"}}, Row{{"app_name", "Tom & Jerry"}, {"time", "58 min"}},
                            Row{{"app_name", "YouTube"}, {"time", "41 min"}}};
    values.lists["limits"] = {Row{{"app_name", "Instagram"}, {"limit", "1 h"}}, Row{{"app_name", "YouTube"}, {"limit", "30 min"}}};
    with_link(values, "/dashboard");
    return values;
}

Values weekly_summary(Language language) {
    const bool fr = language == Language::fr;
    Values values;
    values.texts = {{"period", fr ? "16 au 22 novembre" : "16 to 22 November"},
                    {"total", "19 h 5 min"},
                    {"average", "2 h 44 min"},
                    {"previous_total", "23 h 10 min"},
                    {"change", "−18 %"},
                    {"less", "yes"},
                    {"streak", "9"}};
    values.lists["apps"] = {Row{{"app_name", "Instagram"}, {"time", "6 h 30 min"}, {"change", "−25 %"}},
                            Row{{"app_name", "Tom & Jerry"}, {"time", "4 h 2 min"}, {"change", "+3 %"}},
                            Row{{"app_name", "Podcasts"}, {"time", "1 h 15 min"}, {"change", ""}}};
    values.lists["challenges"] = {
        Row{{"challenge_name", fr ? "Novembre sans défilement" : "No-scroll November"}, {"rank", "2"}, {"participants", "14"}}};
    with_link(values, "/trends?end=2026-03-08");
    return values;
}

Values challenge_results(Language language) {
    Values values;
    values.texts = {{"challenge_name", language == Language::fr ? "Novembre <sans défilement>" : "No-scroll <November>"},
                    {"won", ""},
                    {"winner", "marie"},
                    {"rank", "2"},
                    {"participants", "14"},
                    {"score", "1240"}};
    values.lists["top"] = {Row{{"rank", "1"}, {"username", "marie"}, {"score", "1310"}, {"me", ""}},
                           Row{{"rank", "2"}, {"username", "camille"}, {"score", "1240"}, {"me", "yes"}},
                           Row{{"rank", "3"}, {"username", "noah_7"}, {"score", "990"}, {"me", ""}}};
    with_link(values, "/challenges/42");
    return values;
}

Values link_mail(const char* path, const char* hours) {
    Values values;
    if (*hours != '\0') values.texts["hours"] = hours;
    with_link(values, path);
    return values;
}

Values verification(Language language) {
    auto values = link_mail("/verify-email?token=4cHJpO3v0m2xkq0S8x2yB8nXb1dKfT6wQeRzUoLpA1s", "24");
    values.lists["asked"] = {
        Row{{"by", language == Language::fr ? "Firefox sur Linux (adresse 203.0.113.9), le 22 novembre 2026 à 18:05 (Europe/Paris)"
                                            : "Firefox on Linux (address 203.0.113.9), on 22 November 2026 at 18:05 (Europe/Paris)"}}};
    values.texts["not_me_url"] = "https://focus.example.org/not-me?token=4cHJpO3v0m2xkq0S8x2yB8nXb1dKfT6wQeRzUoLpA1s";
    return values;
}

Values identity_mail() {
    auto values = link_mail("/settings", "");
    values.texts["provider"] = "Google";
    values.texts["identity_email"] = "camille@example.org";
    return values;
}

Values of_type(std::string_view name, Language language) {
    if (name == "verify_email") return verification(language);
    if (name == "reset_password") return link_mail("/reset-password?token=4cHJpO3v0m2xkq0S8x2yB8nXb1dKfT6wQeRzUoLpA1s", "1");
    if (name == "password_changed") return link_mail("/forgot-password", "");
    if (name == "account_deleted") return link_mail("/register", "");
    if (name == "identity_linked" || name == "identity_unlinked") return identity_mail();
    if (name == "welcome") return link_mail("/", "");
    if (name == "limit_warning") return limit_warning();
    if (name == "daily_reminder") return daily_reminder();
    if (name == "weekly_summary") return weekly_summary(language);
    if (name == "challenge_results") return challenge_results(language);
    throw std::runtime_error{"there is no mail " + std::string{name}};
}

} // namespace

Values sample_values(std::string_view name, Language language) {
    Values values = of_type(name, language);
    values.texts["name"] = name == "verify_email" ? "" : "Camille"; // whose address it is, nobody knows yet
    const bool is_optional = name == "limit_warning" || name == "daily_reminder" || name == "weekly_summary";
    values.texts["unsubscribe_url"] = is_optional ? "https://focus.example.org/unsubscribe?token=abc&kind=all" : "";
    return values;
}

} // namespace focus::mail
