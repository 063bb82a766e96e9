#include "app/doctor_command.hpp"

#include "app/doctor/database_checks.hpp"
#include "app/doctor/findings.hpp"
#include "app/doctor/service_checks.hpp"
#include "app/doctor/settings_checks.hpp"

#include <iostream>
#include <optional>
#include <stdexcept>

namespace focus::app {

int run_doctor(const std::function<Settings()>& read, bool as_json) {
    doctor::Findings findings;
    std::optional<Settings> settings;
    try {
        settings = read();
        findings.ok("settings", settings->environment);
    } catch (const std::invalid_argument& error) {
        findings.fail("settings", error.what());
    }
    if (settings) {
        log::configure(log::Level::error, settings->log_format); // the findings report the rest
        doctor::check_secret_key(*settings, findings);
        doctor::check_addresses(*settings, findings);
        doctor::check_proxies(*settings, findings);
        doctor::check_limits(*settings, findings);
        doctor::check_files(*settings, findings);
        doctor::check_database(*settings, findings);
        doctor::check_mail(*settings, findings);
        doctor::check_redis(*settings, findings);
    }
    std::cout << (as_json ? findings.json() : findings.text());
    return findings.has_failed() ? 1 : 0;
}

} // namespace focus::app
