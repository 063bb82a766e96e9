#include "core/recount/part.hpp"

namespace focus::recount {

db::Task<void> run(db::Database& database, Part part, Mode mode, Report& report) {
    Report found;
    co_await part(database, nullptr, found);
    if (mode == Mode::repair && found.keys() > 0) {
        found = co_await database.transaction([&part](db::Transaction& tx) -> db::Task<Report> {
            Report own;
            co_await part(tx, &tx, own);
            co_return own;
        });
    }
    report.merge(found);
}

db::Task<void> run(db::Transaction& tx, Part part, Mode mode, Report& report) {
    Report found;
    co_await part(tx, mode == Mode::repair ? &tx : nullptr, found);
    report.merge(found);
}

} // namespace focus::recount
