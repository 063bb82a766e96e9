// What went wrong on a connection, sorted by what may be done about it.
#pragma once

#include <boost/mysql/diagnostics.hpp>
#include <boost/mysql/error_code.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace focus::db::mysql {

enum class Trouble {
    constraint,  // a unique or foreign key was violated; the transaction goes on
    conflict,    // deadlock or lock wait: the transaction must begin again
    lost,        // the connection is gone, or can't be trusted any more
    unavailable, // the server reports that it can't now (read only, too slow, full)
    defect,      // anything else: the statement is wrong
};

struct Failure {
    Trouble trouble = Trouble::defect;
    std::size_t ran = 0;    // the number of commands of the round trip that had run
    int code = 0;           // the server's; 0 when it is not the server's
    bool unsent = false;    // with `lost`: the server can't have run any of it
    bool overdue = false;   // with `lost`: our time limit was exceeded
    bool demoted = false;   // the server takes no writes any more: another one may be behind the same address by now
    bool wants_tls = false; // of a connect: the account can't log in over plain text, or perhaps not
    bool refused = false;   // of a connect: the server is not one that we may use (its certificate, Galera)
    std::string message;

    /// For callers of Session: ConstraintError, `unavailable`, or a defect.
    [[nodiscard]] std::exception_ptr as_exception() const;
};

[[nodiscard]] Failure make_failure(const boost::mysql::error_code& error, const boost::mysql::diagnostics& diagnostics,
                                   std::string_view doing);

} // namespace focus::db::mysql
