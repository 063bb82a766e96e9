#include "app/recount_command.hpp"

#include "app/long_database.hpp"
#include "app/progress.hpp"
#include "app/recount.hpp"

#include <format>
#include <iostream>
#include <optional>

namespace focus::app {

std::string text_of(const recount::Report& report) {
    std::string text = std::format("{:<20} {:>8}\n", "table", "differ");
    for (const auto& found : report.findings()) {
        text += std::format("{:<20} {:>8}\n", found.table, found.keys);
        for (const auto& example : found.examples) text += "  " + example + "\n";
        const auto more = found.keys - std::ssize(found.examples);
        if (more > 0) text += std::format("  and {} more\n", more);
    }
    return text;
}

int recount_sums(const Settings& settings, bool dry_run) {
    LongDatabase database{settings.database_url};
    recount::Report report;
    std::optional<ProgressBar> bar{std::in_place};
    const RecountOptions options{.mode = dry_run ? recount::Mode::look : recount::Mode::repair,
                                 .now = Clock{}.now_ms(),
                                 .progress = [&bar](double part) { bar->show(part); }};
    database.run([&]() -> boost::asio::awaitable<void> {
        co_await database.require_schema();
        co_await recount_all(database.get(), options, report);
    });
    bar.reset();
    std::cout << text_of(report);
    if (report.keys() == 0) {
        std::cout << "nothing differed\n";
        return 0;
    }
    std::cout << std::format("{} sums {}\n", report.keys(), dry_run ? "differ; nothing was written" : "differed and were put right");
    return 1;
}

} // namespace focus::app
