// The changes of a zone's clock as compiled by zic (TZif, RFC 9636), which is what every other program on the machine
// uses. libstdc++ reads the tz source itself and is wrong for weeks or months after a zone changes its rules
// (GCC 14: America/Vancouver from March to November 2026), so that it is used only for years that the file leaves
// to a rule (from 2038 on, with Debian's tzdata).
#pragma once

#include "core/base/clock.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace focus {

/// From `at_ms` on the offset to UTC is `offset_ms`.
struct OffsetChange {
    EpochMs at_ms;
    EpochMs offset_ms;
};

struct ZoneFile {
    std::vector<OffsetChange> changes; // in order of time; the first one also stands for the time before it
    bool goes_on = false;              // there are changes after the last one, by a rule
};

/// Nothing when `bytes` are not a TZif file of version 2 or later.
[[nodiscard]] std::optional<ZoneFile> parse_zone_file(std::string_view bytes);

/// The file of a zone that the tz database has (`name` becomes part of a path).
[[nodiscard]] std::optional<ZoneFile> read_zone_file(std::string_view name);

} // namespace focus
