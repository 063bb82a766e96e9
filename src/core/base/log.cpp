#include "core/base/log.hpp"

#include "core/base/clock.hpp"
#include "core/base/days.hpp"
#include "core/json/writer.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace focus::log {
namespace {

std::atomic<Format> g_format{Format::text};

/// The line is made here, so that both formats cost one pass; spdlog filters, serialises the writers and flushes.
spdlog::logger& logger() {
    static spdlog::logger instance = [] {
        spdlog::logger made{"focus", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
        made.set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc));
        made.set_level(spdlog::level::info);
        made.flush_on(spdlog::level::warn);
        return made;
    }();
    return instance;
}

constexpr std::array<std::string_view, 6> k_names{"trace", "debug", "info", "warning", "error", "critical"};

spdlog::level::level_enum to_spdlog(Level level) { return static_cast<spdlog::level::level_enum>(level); }

bool is_bare(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\'; });
}

void append_value(std::string& out, const FieldValue& value, Format format) {
    if (const auto* text = std::get_if<std::string_view>(&value)) {
        if (format == Format::text && is_bare(*text))
            out += *text;
        else
            json::append_string(out, *text); // escapes line ends too: nobody forges a log line
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
        json::append_integer(out, *number);
    } else if (const auto* real = std::get_if<double>(&value)) {
        json::append_number(out, *real);
    } else {
        out += std::get<bool>(value) ? "true" : "false";
    }
}

std::string text_line(EpochMs now, Level level, std::string_view event, std::initializer_list<Field> fields) {
    auto line = format_rfc3339(now);
    (line += ' ') += k_names[static_cast<std::size_t>(level)];
    line.append(9 - k_names[static_cast<std::size_t>(level)].size(), ' ');
    line += event;
    for (const auto& field : fields) {
        ((line += ' ') += field.name) += '=';
        append_value(line, field.value, Format::text);
    }
    return line;
}

std::string json_line(EpochMs now, Level level, std::string_view event, std::initializer_list<Field> fields) {
    std::string line = R"({"time":")" + format_rfc3339(now) + R"(","level":")";
    line += k_names[static_cast<std::size_t>(level)];
    line += R"(","event":)";
    json::append_string(line, event);
    for (const auto& field : fields) {
        line += ',';
        json::append_string(line, field.name);
        line += ':';
        append_value(line, field.value, Format::json);
    }
    return line += '}';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Parameters whose values let somebody in.
bool is_secret(std::string_view name) {
    constexpr std::array<std::string_view, 16> k_secret{"token",   "access_token",  "refresh_token", "id_token",        "code",
                                                        "state",   "password",      "passwd",        "secret",          "client_secret",
                                                        "api_key", "authorization", "code_verifier", "invitation_code", "redirect_to",
                                                        "next"}; // the last two may name an invitation
    return std::ranges::any_of(
        k_secret, [&](std::string_view secret) { return std::ranges::equal(name, secret, [](char a, char b) { return lower(a) == b; }); });
}

/// The page that an invitation's link leads to: what follows is its code.
constexpr std::string_view k_invitation = "/join/";

int hex(char c) {
    const char l = lower(c);
    return l >= '0' && l <= '9' ? l - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// A parameter's name as the server will see it: "%74oken" is "token".
std::string decoded(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '%' && i + 2 < name.size() && hex(name[i + 1]) >= 0 && hex(name[i + 2]) >= 0) {
            out += static_cast<char>(hex(name[i + 1]) * 16 + hex(name[i + 2]));
            i += 2;
        } else {
            out += name[i];
        }
    }
    return out;
}

} // namespace

void configure(Level level, Format format) {
    g_format = format;
    set_level(level);
}

void set_level(Level level) { logger().set_level(to_spdlog(level)); }

std::string_view to_string(Level level) noexcept { return k_names[static_cast<std::size_t>(level)]; }

Level level() noexcept { return static_cast<Level>(logger().level()); }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    auto& target = logger();
    if (!target.should_log(to_spdlog(level))) return;
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    const auto line = g_format.load(std::memory_order_relaxed) == Format::json ? json_line(now, level, event, fields)
                                                                               : text_line(now, level, event, fields);
    target.log(to_spdlog(level), spdlog::string_view_t{line.data(), line.size()});
}

std::string redact(std::string_view target) {
    std::string out;
    // user:password@ of a URL's authority; the last '@' before the path ends it, whatever the password contains
    if (const auto scheme = target.find("://"); scheme != std::string_view::npos && scheme < target.find_first_of("/?#")) {
        const auto start = scheme + 3;
        const auto at = target.substr(0, target.find_first_of("/?#", start)).rfind('@');
        if (at != std::string_view::npos && at >= start) {
            out.append(target.substr(0, start)) += "***";
            target.remove_prefix(at);
        }
    }
    auto next = target.find_first_of("?#");
    const auto path = target.substr(0, next);
    if (path.starts_with(k_invitation))
        (out += k_invitation) += "***";
    else
        out += path;
    while (next != std::string_view::npos) {
        out += target[next];
        target.remove_prefix(next + 1);
        next = target.find_first_of("?&#;");
        const auto parameter = target.substr(0, next);
        const auto equals = parameter.find('=');
        if (equals != std::string_view::npos && is_secret(decoded(parameter.substr(0, equals))))
            out.append(parameter.substr(0, equals + 1)) += "***";
        else
            out += parameter;
    }
    return out;
}

} // namespace focus::log
