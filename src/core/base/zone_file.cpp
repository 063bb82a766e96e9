#include "core/base/zone_file.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

namespace focus {
namespace {

constexpr std::size_t k_header_size = 44;
constexpr std::size_t k_type_size = 6;

/// The six counts of RFC 9636 §3.1, in the order of the file.
struct Counts {
    std::size_t is_ut = 0, is_std = 0, leaps = 0, times = 0, types = 0, chars = 0;
    [[nodiscard]] std::size_t body_size(std::size_t time_size) const {
        return times * (time_size + 1) + types * k_type_size + chars + leaps * (time_size + 4) + is_std + is_ut;
    }
};

std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (const char c : bytes.substr(at, size)) value = (value << 8) | static_cast<unsigned char>(c);
    return value;
}

std::optional<Counts> parse_header(std::string_view bytes) {
    if (bytes.size() < k_header_size || !bytes.starts_with("TZif") || bytes[4] < '2') return std::nullopt;
    const auto count = [&](std::size_t index) { return static_cast<std::size_t>(big_endian(bytes, 20 + index * 4, 4)); };
    return Counts{count(0), count(1), count(2), count(3), count(4), count(5)};
}

} // namespace

std::optional<ZoneFile> parse_zone_file(std::string_view bytes) {
    const auto old = parse_header(bytes); // the first half has 32-bit times
    if (!old || bytes.size() < k_header_size + old->body_size(4)) return std::nullopt;
    bytes.remove_prefix(k_header_size + old->body_size(4));
    const auto counts = parse_header(bytes);
    if (!counts || bytes.size() < k_header_size + counts->body_size(8) || counts->types == 0) return std::nullopt;
    bytes.remove_prefix(k_header_size);

    const auto indices = counts->times * 8;
    const auto types = indices + counts->times;
    const auto offset_of = [&](std::size_t type) {
        return EpochMs{static_cast<std::int32_t>(big_endian(bytes, types + type * k_type_size, 4))} * k_second_ms;
    };
    constexpr EpochMs k_first = -100'000LL * 366 * k_day_ms; // some files begin with the Big Bang
    ZoneFile file{{{k_first, offset_of(0)}}};
    for (std::size_t i = 0; i < counts->times; ++i) {
        const auto at_s = std::max(static_cast<std::int64_t>(big_endian(bytes, i * 8, 8)), k_first / k_second_ms);
        const auto type = static_cast<std::size_t>(big_endian(bytes, indices + i, 1));
        if (type >= counts->types) return std::nullopt;
        file.changes.push_back({at_s * k_second_ms, offset_of(type)});
    }
    // behind the data stands a POSIX TZ string in a line of its own; only one with rules of the year has commas
    file.goes_on = bytes.substr(counts->body_size(8)).contains(',');
    return file;
}

std::optional<ZoneFile> read_zone_file(std::string_view name) {
    std::ifstream file{"/usr/share/zoneinfo/" + std::string{name}, std::ios::binary};
    return parse_zone_file(std::string{std::istreambuf_iterator<char>{file}, {}});
}

} // namespace focus
