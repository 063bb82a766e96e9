// Files of activities: our own exports (CSV and JSON), other CSV files, ActivityWatch's export.
#include "features/activities/import.hpp"
#include "fuzz.hpp"

namespace focus::fuzz {
namespace {

void run(std::string_view text) {
    try {
        const auto source = activities::open_import(text, Zone::of("Europe/Paris"));
        std::size_t entries = 0;
        std::int64_t line = 0;
        while (const auto entry = source->next()) {
            must(++entries <= text.size() + 1, "a file ends");
            must(entry->line >= line, "lines go up");
            line = entry->line;
            const auto progress = source->progress();
            must(progress >= 0 && progress <= 1, "progress is a part");
            if (!entry->faults.empty()) continue;
            must(!activities::content_id(*entry, 1).empty(), "an activity has a name");
            const auto& activity = entry->activity;
            must(!activity.app_name.value.empty() && activity.duration_minutes.value.ms >= 0, "what is accepted can be stored");
        }
    } catch (const Error& error) {
        must(error.kind() == ErrorKind::invalid, "a file that is none is invalid input");
    }
}

} // namespace
} // namespace focus::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    focus::fuzz::run(focus::fuzz::text_of(data, size));
    return 0;
}
