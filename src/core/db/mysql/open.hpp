// Opens the MySQL engine (MySQL 8, MariaDB 10.6 and later).
#pragma once

#include "core/db/database.hpp"
#include "core/db/url.hpp"

namespace focus::db::mysql {

/// Connects on demand, so this doesn't touch the network.
[[nodiscard]] std::unique_ptr<Database> open(const MysqlUrl& url, const Options& options,
                                             std::vector<boost::asio::any_io_executor> executors, metrics::Registry& metrics);

} // namespace focus::db::mysql
