// The checks of the field types of types.hpp, once for all their sizes. Each reads one value or records a fault.
#pragma once

#include "core/base/days.hpp"
#include "core/json/reader.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace focus::json {

void read_text(const Reader& in, std::size_t min, std::size_t max, std::string& out);
/// Minutes within the limits as milliseconds, rounded to nearest.
void read_minutes(const Reader& in, double min, double max, std::int64_t& ms);
void read_timestamp(const Reader& in, EpochMs& out);
void read_date(const Reader& in, Day& out);
void read_time_of_day(const Reader& in, int& minute_of_day);
void read_email(const Reader& in, std::string& out);
void read_url(const Reader& in, std::string& out);
void read_zone(const Reader& in, std::string& out);
/// The index of the text among `names`.
[[nodiscard]] std::optional<std::size_t> read_enum(const Reader& in, std::span<const std::string_view> names);

/// The largest magnitude of plain Minutes: their milliseconds stay exact as a double.
inline constexpr double k_max_minutes = 150'000'000'000.0;
inline constexpr std::size_t k_max_url = 2048;

} // namespace focus::json
