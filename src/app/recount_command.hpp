// `focus recount`: counts every stored sum again, reports the differences and corrects them.
#pragma once

#include "app/settings.hpp"
#include "core/recount/report.hpp"

#include <string>

namespace focus::app {

/// The report as it is printed.
[[nodiscard]] std::string text_of(const recount::Report& report);

/// Returns the exit status: 0 when nothing differed, else 1. With `dry_run` nothing is written.
int recount_sums(const Settings& settings, bool dry_run);

} // namespace focus::app
