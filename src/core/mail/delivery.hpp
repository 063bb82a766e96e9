// The worker that delivers the outbox: claims due rows with a lease, renders and sends them, records the results.
// Owns its sending threads. Always holds: while SMTP answers are known a row is sent at most once, over any number of
// instances; a row whose answer was lost (connection or process ended in between) is tried again with the same
// Message-ID; nothing is lost by a crash. Destroyed after stop() and before the io_contexts.
#pragma once

#include "core/base/clock.hpp"
#include "core/db/database.hpp"
#include "core/mail/outbox.hpp"
#include "core/mail/templates.hpp"
#include "core/mail/transport.hpp"
#include "core/metrics/metrics.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>

namespace focus::mail {

class Delivery {
  public:
    struct Options {
        int parallel = 4;                     // mails that are sent concurrently
        double mails_per_second = 20;         // at most, on this instance
        std::chrono::milliseconds poll{1000}; // a row that became due without a wake-up waits this long at most
        std::chrono::milliseconds lease{30'000};
    };

    /// `transport` sends the mails; nullptr: they stay in the outbox, with that as their last error.
    Delivery(Options options, db::Database& database, Outbox& outbox, const Templates& templates, Transport* transport, const Clock& clock,
             metrics::Registry& metrics, boost::asio::any_io_executor executor);
    ~Delivery();

    void start();
    /// Claims no more rows, waits for mails that are being sent (at most 30 s each) and releases the other rows.
    /// Safe to await from any executor; not needed when start() was never called.
    db::Task<void> stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace focus::mail
