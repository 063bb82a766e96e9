#include "app/backup_command.hpp"

#include "app/progress.hpp"
#include "core/db/backup.hpp"

#include <format>
#include <iostream>

namespace focus::app {

namespace {

std::string size_of(const db::CopyReport& report) {
    constexpr double k_mib = 1 << 20;
    return std::format("{:.1f} MiB, {} migrations", static_cast<double>(report.bytes) / k_mib, report.migrations);
}

} // namespace

int back_up_to(const Settings& settings, const std::string& file) {
    db::CopyReport report;
    {
        ProgressBar bar;
        report = db::back_up(settings.database_url, file, [&bar](double part) { bar.show(part); });
    }
    std::cout << std::format("{}: {}, checked\n", file, size_of(report));
    return 0;
}

int restore_from(const Settings& settings, const std::string& file) {
    db::CopyReport report;
    {
        ProgressBar bar;
        report =
            db::restore(settings.database_url, file, db::embedded_migrations(db::Dialect::sqlite), [&bar](double part) { bar.show(part); });
    }
    std::cout << std::format("{} is restored: {}\n", file, size_of(report));
    if (!report.replaced.empty()) std::cout << std::format("what it replaces is {}\n", report.replaced);
    return 0;
}

} // namespace focus::app
