#include "features/blocking/messages.hpp"

#include "core/base/duration.hpp"

#include <algorithm>
#include <format>

namespace focus::blocking {

namespace {

using notifications::Draft;
using notifications::Type;

/// The `data` of notifications about one app.
struct AppData {
    std::string_view scope = "app";
    std::int64_t blocked_app_id = 0;
    std::string_view app_name;
    std::optional<std::string_view> app_package;
    bool is_blocked = false;
    std::optional<Reason> reason;
    std::optional<json::Timestamp> blocked_until;
    json::Minutes daily_limit_minutes;
    json::Minutes time_used_today;
    json::Minutes remaining_minutes;
    double usage_percentage = 0;
};

struct TotalData {
    std::string_view scope = "total";
    std::int64_t threshold_percentage = 0;
    json::Minutes daily_limit_minutes;
    json::Minutes time_used_today;
    json::Minutes remaining_minutes;
    double usage_percentage = 0;
};

struct PolicyData {
    std::int64_t version = 0;
};

AppData data_of(const Entry& entry, const rules::State& state) {
    AppData data;
    data.blocked_app_id = entry.id;
    data.app_name = entry.app_name;
    if (!entry.app_package.empty()) data.app_package = entry.app_package;
    data.is_blocked = state.is_blocked;
    data.reason = state.reason;
    if (state.blocked_until_ms) data.blocked_until = json::Timestamp{*state.blocked_until_ms};
    data.daily_limit_minutes = {entry.limit_ms};
    data.time_used_today = {state.used_ms};
    data.remaining_minutes = {state.remaining_ms};
    data.usage_percentage = state.usage_percentage;
    return data;
}

std::int64_t whole_percent(std::int64_t part, std::int64_t whole) { return whole == 0 ? 100 : part * 100 / whole; }

} // namespace

Draft warning_of(const Entry& entry, const rules::State& state) {
    return {.type = Type::limit_warning,
            .title = {"{app}: {percent} % of today's limit used", "{app} : {percent} % de la limite du jour utilisés"},
            .message = {"You have used {used} of {limit} today; {remaining} left.",
                        "Vous avez utilisé {used} sur {limit} aujourd'hui ; il reste {remaining}."},
            .args = {{"app", entry.app_name},
                     {"percent", std::to_string(whole_percent(state.used_ms, entry.limit_ms))},
                     {"used", format_duration(state.used_ms)},
                     {"limit", format_duration(entry.limit_ms)},
                     {"remaining", format_duration(state.remaining_ms)}},
            .data = json::write(data_of(entry, state))};
}

Draft block_of(const Entry& entry, const rules::State& state, Reason reason, Zone zone) {
    auto data = data_of(entry, state);
    data.reason = reason;
    Draft draft{.type = Type::app_blocked,
                .title = {"{app} is blocked", "{app} est bloqué"},
                .message = {"Today's limit of {limit} is reached. The counter starts again at midnight.",
                            "La limite de {limit} pour aujourd'hui est atteinte. Le compteur repart à minuit."},
                .args = {{"app", entry.app_name}, {"limit", format_duration(entry.limit_ms)}},
                .data = json::write(data)};
    if (reason == Reason::limit) return draft;
    if (!state.blocked_until_ms) {
        draft.message = {"Your schedule blocks it.", "Votre horaire le bloque."};
    } else {
        draft.message = {"Your schedule blocks it until {time}.", "Votre horaire le bloque jusqu'à {time}."};
        draft.args.emplace_back("time", format_hhmm(zone.minute_of_day(*state.blocked_until_ms)));
    }
    return draft;
}

Draft release_of(const Entry& entry, const rules::State& state) {
    return {.type = Type::app_blocked,
            .title = {"{app} is open again", "{app} est de nouveau accessible"},
            .message = {"Your schedule no longer blocks it.", "Votre horaire ne le bloque plus."},
            .args = {{"app", entry.app_name}},
            .data = json::write(data_of(entry, state))};
}

Draft total_warning_of(std::int64_t used_ms, std::int64_t limit_ms, bool reached) {
    const auto remaining = std::max<std::int64_t>(0, limit_ms - used_ms);
    Draft draft{.type = Type::limit_warning,
                .title = {"{percent} % of your daily limit used", "{percent} % de votre limite quotidienne utilisés"},
                .message = {"You have used {used} of {limit} today; {remaining} left.",
                            "Vous avez utilisé {used} sur {limit} aujourd'hui ; il reste {remaining}."},
                .args = {{"percent", std::to_string(whole_percent(used_ms, limit_ms))},
                         {"used", format_duration(used_ms)},
                         {"limit", format_duration(limit_ms)},
                         {"remaining", format_duration(remaining)}},
                .data = json::write(TotalData{.threshold_percentage = reached ? 100 : 80,
                                              .daily_limit_minutes = {limit_ms},
                                              .time_used_today = {used_ms},
                                              .remaining_minutes = {remaining},
                                              .usage_percentage = rules::percent(used_ms, limit_ms)})};
    if (reached) {
        draft.title = {"Your daily limit is reached", "Votre limite quotidienne est atteinte"};
        draft.message = {"You have used {used} of {limit} today. A good moment for something else.",
                         "Vous avez utilisé {used} sur {limit} aujourd'hui. C'est le bon moment pour faire autre chose."};
    }
    return draft;
}

Draft policy_update_of(std::int64_t version) {
    return {.type = Type::policy_update,
            .title = {"Rules changed", "Règles modifiées"},
            .message = {"Your limits or schedules have changed.", "Vos limites ou vos horaires ont changé."},
            .data = json::write(PolicyData{version})};
}

Draft activity_update_of(const LiveUpdate& update) {
    return {.type = Type::activity_update,
            .title = {"Activity updated", "Activité mise à jour"},
            .message = {"{total} today.", "{total} aujourd'hui."},
            .args = {{"total", format_duration(update.total_time_today.ms)}},
            .data = json::write(update)};
}

LimitWarning limit_mail(const Usage& usage, const std::string& frontend_url) {
    const auto percent = whole_percent(usage.used_ms, usage.limit_ms);
    return {.app_name = usage.app_name,
            .reached = percent >= 100,
            .percent = percent,
            .bar = std::clamp<std::int64_t>(percent, 1, 100),
            .used = format_duration(usage.used_ms),
            .limit = format_duration(usage.limit_ms),
            .remaining = format_duration(std::max<std::int64_t>(0, usage.limit_ms - usage.used_ms)),
            .action_url = frontend_url + "/dashboard"};
}

LimitWarning LimitWarning::sample(Language /*language*/) {
    return limit_mail({"Tom & Jerry", 48 * k_minute_ms, k_hour_ms}, "https://focus.example.org");
}

} // namespace focus::blocking
