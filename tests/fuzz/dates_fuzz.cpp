// Dates, instants, times of day, zone names and compiled zone files.
#include "core/base/days.hpp"
#include "core/base/utf8.hpp"
#include "core/base/zone_file.hpp"
#include "fuzz.hpp"

namespace focus::fuzz {
namespace {

void run(std::string_view text) {
    if (const auto at = parse_rfc3339(text)) {
        must(parse_rfc3339(format_rfc3339(*at)) == at, "an instant goes both ways");
        must(format_http_date(*at).size() == 29, "an HTTP date has its fixed form");
        for (const auto* name : {"UTC", "Europe/Paris", "Australia/Lord_Howe", "America/St_Johns"}) {
            const auto zone = Zone::of(name);
            const auto day = zone.day_of(*at);
            must(zone.start_of(day) <= *at && *at < zone.start_of(day.plus(1)), "an instant lies in its day");
        }
    }
    if (const auto day = Day::parse(text)) must(day->to_string() == text, "a date goes both ways");
    if (const auto minute = parse_hhmm(text)) must(format_hhmm(*minute) == text, "a time of day goes both ways");
    if (const auto zone = Zone::find(text)) must(zone->minute_of_day(0) >= 0, "a zone can be asked");
    if (const auto file = parse_zone_file(text)) must(!file->changes.empty(), "a zone file has a first offset");
    if (utf8::is_valid(text))
        must(utf8::is_valid(utf8::trim(text)) && utf8::is_valid(utf8::prefix(text, text.size() / 2)), "parts stay UTF-8");
}

} // namespace
} // namespace focus::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    focus::fuzz::run(focus::fuzz::text_of(data, size));
    return 0;
}
