// Logging by spdlog: one line per event, as text or as JSON, to standard error.
// Always holds: it has no secrets, since callers pass each URL and header through redact().
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace focus::log {

enum class Level { trace, debug, info, warning, error, critical };
enum class Format { text, json };

void configure(Level level, Format format);
void set_level(Level level);
[[nodiscard]] Level level() noexcept;
[[nodiscard]] std::string_view to_string(Level level) noexcept;

using FieldValue = std::variant<std::string_view, std::int64_t, double, bool>;
struct Field {
    std::string_view name;
    FieldValue value;
};

/// `event` is a short constant sentence; what varies goes into fields.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::debug, event, fields); }
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::info, event, fields); }
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::warning, event, fields); }
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::error, event, fields); }

/// A request target or URL with the values of secret parameters (token, code, state, …) and any user:password@
/// replaced by "***".
[[nodiscard]] std::string redact(std::string_view target);

} // namespace focus::log
