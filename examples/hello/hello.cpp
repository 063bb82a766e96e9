// A service on core alone: two routes, one table, one job and the OpenAPI document. `hello [database URL] [port]`
#include "core/async/run.hpp"
#include "core/db/migrate.hpp"
#include "core/db/query.hpp"
#include "core/http/docs.hpp"
#include "core/http/server.hpp"
#include "core/jobs/scheduler.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace asio = boost::asio;
using namespace focus;

namespace {

constexpr std::array k_migrations{
    db::Migration{1, "guests", "CREATE TABLE guests (id INTEGER PRIMARY KEY, name TEXT NOT NULL, greeting TEXT);"},
    db::Migration{2, "jobs", // the scheduler's own tables
                  "CREATE TABLE jobs (name TEXT PRIMARY KEY, next_run_ms INTEGER NOT NULL, lease TEXT, lease_until_ms INTEGER NOT NULL "
                  "DEFAULT 0, last_run_ms INTEGER, last_duration_ms INTEGER, last_error TEXT, runs INTEGER NOT NULL DEFAULT 0);\n"
                  "CREATE TABLE clock_marks (id INTEGER PRIMARY KEY, trusted_ms INTEGER, trial_since_ms INTEGER, trial_seen_ms INTEGER);\n"
                  "INSERT INTO clock_marks (id) VALUES (1);"}};

struct NewGuest {
    json::Text<1, 100> name;
};
struct Guest { // a row of the table and an object of the answers
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> greeting;
    static constexpr json::FieldDoc k_docs[] = {{"greeting", "Null until the job has greeted the guest"}};
};
constexpr auto k_insert = db::insert<Guest>("guests.insert", "guests");
constexpr auto k_list = db::select<Guest>("guests.list", "SELECT * FROM guests ORDER BY id");
constexpr db::Statement k_greet{"guests.greet", "UPDATE guests SET greeting = 'Hello, ' || name || '!' WHERE greeting IS NULL"};

void add_routes(http::Routes& routes, db::Database& database) {
    routes.post("/guests", {.id = "addGuest", .summary = "Adds a guest", .access = http::Access::nobody, .success = 201},
                [&database](http::Call&, http::Body<NewGuest> body) -> http::Task<http::Reply<Guest>> {
                    Guest guest{.name = body->name.value};
                    guest.id = co_await database.get(k_insert.id(guest));
                    co_return guest;
                });
    routes.get("/guests", {.id = "listGuests", .summary = "All guests", .access = http::Access::nobody},
               [&database](http::Call&) -> http::Task<http::Reply<std::vector<Guest>>> { co_return co_await database.get(k_list.all()); });
}

} // namespace

int main(int argc, char** argv) {
    asio::io_context io{1};
    const Clock clock;
    metrics::Registry metrics;
    const auto database = db::open({.url = argc > 1 ? argv[1] : "sqlite:///hello.db"}, {io.get_executor()}, metrics);
    http::Routes routes;
    add_routes(routes, *database);
    http::add_docs(routes, {.title = "Hello", .version = "1", .description = "An example.", .tags = {}});
    jobs::Scheduler scheduler{*database, clock, metrics, {.instance = "hello"}};
    scheduler.add({.name = "greetings",
                   .schedule = jobs::Schedule::every(std::chrono::seconds{1}),
                   .body = [&](const jobs::Run&) -> db::Task<void> { co_await database->execute(k_greet); }});
    http::Server server{{.port = static_cast<std::uint16_t>(argc > 2 ? std::atoi(argv[2]) : 8001)}, routes, {}, clock, metrics};
    const auto serve = [&]() -> asio::awaitable<void> {
        co_await db::migrate(*database, k_migrations);
        server.start({&io});
        scheduler.start(io.get_executor());
        std::cout << server.bound_port() << std::endl;
        asio::signal_set signals{io, SIGINT, SIGTERM};
        co_await signals.async_wait(asio::use_awaitable);
        co_await server.shutdown();
        co_await scheduler.stop(std::chrono::seconds{5});
    };
    async::block_on(io, serve());
    database->close();
}
