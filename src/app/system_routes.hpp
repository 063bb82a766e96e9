// The routes that belong to no room: health, metrics, the service's name, and the tools of development.
#pragma once

#include "core/cache/cache.hpp"
#include "core/db/database.hpp"
#include "core/http/routes.hpp"
#include "core/mail/transport.hpp"
#include "core/metrics/metrics.hpp"

#include <atomic>

namespace focus::app {

struct SystemParts {
    db::Database& database;
    const cache::Cache& cache;
    metrics::Registry& metrics;
    Clock& clock;
    const std::atomic<bool>& ready; // false before the start is done and from the first moment of a shutdown
    bool metrics_enabled = true;
};

void add_system_routes(http::Routes& routes, SystemParts parts);
/// `POST /dev/clock`; never in production.
void add_development_routes(http::Routes& routes, Clock& clock);
/// `GET /dev/mail`: the mails that a development server did not send, as a page or (`?format=json`) as JSON.
void add_mailbox_routes(http::Routes& routes, const mail::DevMailbox& mailbox);

} // namespace focus::app
