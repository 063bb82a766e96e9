#include "core/db/sqlite/hop.hpp"

#include "core/db/sqlite/connection.hpp"

namespace focus::db::sqlite {

bool Hop::run_on(Connection& connection) {
    results.clear();
    results.reserve(commands.size());
    try {
        for (const auto& command : commands) results.push_back(connection.run(command));
        return true;
    } catch (const SqliteError& refused) {
        fail(public_error(refused), refused.is_busy() && results.empty());
        outage = refused.is_outage();
    } catch (...) {
        fail(std::current_exception());
    }
    return false;
}

void Hop::fail(std::exception_ptr why, bool may_restart) {
    error = std::move(why);
    restart = may_restart;
}

} // namespace focus::db::sqlite
