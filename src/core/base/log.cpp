#include "core/base/log.hpp"

#include "core/base/clock.hpp"
#include "core/base/days.hpp"
#include "core/base/json_writer.hpp"

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
            json::append_string(out, *text); // escapes line ends too: no text can forge a log line
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

/// Parameters whose values grant access.
bool is_secret(std::string_view name) {
    constexpr std::array<std::string_view, 16> k_secret{"token",   "access_token",  "refresh_token", "id_token",        "code",
                                                        "state",   "password",      "passwd",        "secret",          "client_secret",
                                                        "api_key", "authorization", "code_verifier", "invitation_code", "redirect_to",
                                                        "next"}; // the last two may name an invitation
    return std::ranges::any_of(
        k_secret, [&](std::string_view secret) { return std::ranges::equal(name, secret, [](char a, char b) { return lower(a) == b; }); });
}

/// The page that an invitation's link leads to: what follows is its code.
constexpr std::string_view k_join = "join";

int hex(char c) {
    const char l = lower(c);
    return l >= '0' && l <= '9' ? l - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

std::string decoded_once(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// As the server, or one behind a proxy that decodes once more, may read it: "%74oken" and "%2574oken" are "token".
std::string decoded(std::string_view text) {
    constexpr int k_most = 4;
    std::string out{text};
    for (int i = 0; i < k_most && out.contains('%'); ++i) out = decoded_once(out);
    return out;
}

bool is_join(std::string_view segment) {
    segment = segment.substr(0, segment.find(';'));
    return std::ranges::equal(segment, k_join, [](char a, char b) { return lower(a) == b; });
}

/// One parameter of a query without its value when its name says that it is secret, also when the `=` is encoded.
std::string redact_parameter(std::string_view parameter) {
    const auto plain = decoded(parameter);
    for (std::string_view rest = plain; !rest.empty();) {
        const auto end = rest.find_first_of("?&#;");
        const auto pair = rest.substr(0, end);
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && is_secret(pair.substr(0, equals))) {
            const auto raw_equals = parameter.find('=');
            return std::string{raw_equals != std::string_view::npos ? parameter.substr(0, raw_equals) : pair.substr(0, equals)} + "=***";
        }
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    return std::string{parameter};
}

/// A path without an invitation's code, however the path is spelled.
std::string redact_path(std::string_view path) {
    const auto plain = decoded(path);
    for (std::size_t start = 0; start < plain.size();) {
        const auto end = std::min(plain.find_first_of("/\\", start), plain.size());
        const bool is_last = plain.find_first_not_of("/\\", end) == std::string::npos;
        if (!is_last && is_join(std::string_view{plain}.substr(start, end - start))) return "/join/***";
        start = end + 1;
    }
    return redact_parameter(path); // the '?' may be encoded
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
    const auto now = system_now_ms();
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
    out += redact_path(target.substr(0, next));
    while (next != std::string_view::npos) {
        out += target[next];
        target.remove_prefix(next + 1);
        next = target.find_first_of("?&#;");
        out += redact_parameter(target.substr(0, next));
    }
    return out;
}

} // namespace focus::log
