#include "core/db/mysql/failure.hpp"

#include "core/base/error.hpp"
#include "core/db/database.hpp"

#include <boost/asio/error.hpp>
#include <boost/mysql/client_errc.hpp>
#include <boost/mysql/error_categories.hpp>

namespace focus::db::mysql {

namespace {

bool is_servers(const boost::mysql::error_code& error) {
    const auto& category = error.category();
    return category == boost::mysql::get_common_server_category() || category == boost::mysql::get_mysql_server_category() ||
           category == boost::mysql::get_mariadb_server_category();
}

Trouble sort(int server_code) {
    switch (server_code) {
    case 1022: // duplicate key
    case 1062: // duplicate entry
    case 1169: // unique constraint
    case 1216: // no referenced row
    case 1217: // row is referenced
    case 1451:
    case 1452:
    case 1586:
    case 1761:
    case 1762:
        return Trouble::constraint;
    case 1205: // lock wait timeout
    case 1213: // deadlock; Galera's certification failure
    case 1020: // record has changed since last read (MariaDB, innodb_snapshot_isolation)
        return Trouble::conflict;
    case 1053: // server shutdown
    case 1079: // shutdown complete
    case 1152: // aborted connection
    case 1158: // network: read error
    case 1159: // network: read timeout
    case 1160: // network: write error
    case 1161: // network: write timeout
    case 1927: // connection killed (MariaDB)
    case 3169: // session killed (MySQL)
    case 4031: // idle for too long (MySQL)
        return Trouble::lost;
    case 1021: // disk full
    case 1030: // error from the storage engine
    case 1037: // out of memory
    case 1040: // too many connections
    case 1041: // out of memory
    case 1044: // access denied to the database
    case 1045: // access denied
    case 1047: // Galera: node not ready
    case 1049: // unknown database
    case 1114: // table full
    case 1129: // host blocked
    case 1135: // can't create a thread
    case 1180: // error during commit
    case 1203: // too many connections of this user
    case 1226: // resource limit of this user
    case 1290: // --read-only
    case 1317: // query interrupted
    case 1637: // too many transactions
    case 1792: // read-only transaction
    case 1836: // read-only mode
    case 1969: // max_statement_time (MariaDB)
    case 3024: // max_execution_time (MySQL)
    case 3100: // error in a replication hook
    case 3101: // rolled back by group replication
        return Trouble::unavailable;
    default:
        return Trouble::defect;
    }
}

/// The errors of a primary after it was demoted, and of a Galera node outside the primary component.
bool is_demoted(int server_code) {
    return server_code == 1290 || server_code == 1792 || server_code == 1836 || server_code == 3100 || server_code == 1047;
}

/// REQUIRE SSL refuses the account like a wrong password; require_secure_transport has a code of its own.
bool may_want_tls(int server_code) { return server_code == 1045 || server_code == 3159; }

} // namespace

std::exception_ptr Failure::as_exception() const {
    switch (trouble) {
    case Trouble::constraint:
        return std::make_exception_ptr(ConstraintError{message});
    case Trouble::defect:
        return std::make_exception_ptr(std::runtime_error{message});
    case Trouble::conflict:
    case Trouble::lost:
    case Trouble::unavailable:
        break;
    }
    return std::make_exception_ptr(unavailable(message));
}

Failure make_failure(const boost::mysql::error_code& error, const boost::mysql::diagnostics& diagnostics, std::string_view doing) {
    Failure failure;
    failure.code = is_servers(error) ? error.value() : 0;
    failure.trouble = failure.code != 0 ? sort(failure.code) : Trouble::lost;
    failure.demoted = is_demoted(failure.code);
    // A broken pipe is the system's refusal to send; a statement that arrived only in part is never run.
    failure.unsent = failure.trouble == Trouble::lost && error == boost::asio::error::broken_pipe;
    failure.wants_tls = error == boost::mysql::client_errc::auth_plugin_requires_ssl || may_want_tls(failure.code);
    failure.message = "mysql: " + std::string{doing} + ": ";
    const auto from_server = diagnostics.server_message();
    if (from_server.empty())
        failure.message += error.message();
    else
        failure.message.append(from_server.data(), from_server.size()).append(" (").append(std::to_string(error.value())).append(")");
    return failure;
}

} // namespace focus::db::mysql
