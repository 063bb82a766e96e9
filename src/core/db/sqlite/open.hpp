// Opens the SQLite engine.
#pragma once

#include "core/db/database.hpp"
#include "core/db/url.hpp"

namespace focus::db::sqlite {

/// Opens the file, making it (mode 0600) when it isn't there.
[[nodiscard]] std::unique_ptr<Database> open(const SqliteUrl& url, const Options& options, metrics::Registry& metrics);

} // namespace focus::db::sqlite
