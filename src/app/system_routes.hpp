// The routes outside of the feature modules: health, metrics, service name, and the development tools.
#pragma once

#include "app/start_state.hpp"
#include "app/web_pages.hpp"
#include "core/cache/cache.hpp"
#include "core/db/database.hpp"
#include "core/http/routes.hpp"
#include "core/jobs/clock_guard.hpp"
#include "core/mail/transport.hpp"
#include "core/metrics/metrics.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>

namespace focus::app {

struct SystemParts {
    db::Database& database;
    const cache::Cache& cache;
    Clock& clock;
    const WebPages& pages;
    const StartState& start;
};

void add_system_routes(http::Routes& routes, SystemParts parts);
/// `GET /metrics`; requires `token` unless that is empty. The text is made on `background`, which has one thread,
/// at most about once a second, since it takes milliseconds.
void add_metrics_route(http::Routes& routes, const metrics::Registry& metrics, std::string token, boost::asio::any_io_executor background);
/// `POST /dev/clock`; never in production.
void add_development_routes(http::Routes& routes, Clock& clock, jobs::ClockGuard& guard);
/// `GET /dev/mail`: the mails that a development server did not send, as a page or (`?format=json`) as JSON.
void add_mailbox_routes(http::Routes& routes, const mail::DevMailbox& mailbox, const WebPages& pages);

} // namespace focus::app
