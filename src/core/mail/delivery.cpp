#include "core/mail/delivery.hpp"

#include "core/async/periodic.hpp"
#include "core/async/run.hpp"
#include "core/async/task_group.hpp"
#include "core/async/workers.hpp"
#include "core/audit/audit.hpp"
#include "core/base/error.hpp"
#include "core/base/fold.hpp"
#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"
#include "core/mail/outbox_rows.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace focus::mail {

namespace asio = boost::asio;

namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr EpochMs k_longest_retry_ms = k_day_ms;
constexpr std::size_t k_detail_bytes = 300;
constexpr auto k_gauge_interval = std::chrono::seconds{15};
constexpr auto k_record_pause = std::chrono::seconds{1};
constexpr auto k_record_patience = std::chrono::seconds{10}; // after stop()

} // namespace

// Everything below runs on one strand, except the jobs of the worker threads.
struct Delivery::Impl : std::enable_shared_from_this<Delivery::Impl> {
    Options options;
    db::Database& database;
    Outbox& outbox;
    const Templates& templates;
    Transport* transport;
    const Clock& clock;
    metrics::Registry& metrics;
    metrics::Gauge length;
    metrics::Gauge age;

    asio::strand<asio::any_io_executor> strand;
    asio::steady_timer turn;    // the rate allows the next mail
    asio::steady_timer changed; // never expires; cancelled when a mail is done, and at the end
    std::string holder = crypto::random_token();
    async::TaskGroup taking;  // of rows
    async::TaskGroup sending; // a task for each claimed row
    async::TaskGroup keeping; // the leases, until nothing is sent any more
    async::Periodic dispatcher;
    async::Periodic heartbeat;
    std::set<std::int64_t> in_hand; // rows that are being sent or recorded
    SteadyClock::time_point next_send;
    SteadyClock::time_point next_gauges;
    SteadyClock::time_point renewed_until; // until then the heartbeat has extended all leases
    SteadyClock::time_point stop_by = SteadyClock::time_point::max();
    async::Workers workers; // last: its jobs use the members above

    Impl(Options chosen, db::Database& to, Outbox& from, const Templates& texts, Transport* way, const Clock& time,
         metrics::Registry& registry, const asio::any_io_executor& executor)
        : options{chosen}, database{to}, outbox{from}, templates{texts}, transport{way}, clock{time}, metrics{registry},
          length{registry.gauge("focus_api_outbox_length", "Mails that wait or are on their way.")},
          age{registry.gauge("focus_api_outbox_age_seconds", "Age of the oldest of them.")}, strand{asio::make_strand(executor)},
          turn{strand}, changed{strand, SteadyClock::time_point::max()},
          dispatcher{
              strand, {.name = "delivery of mails", .retry = options.poll, .longest_retry = options.poll}, [this] { return dispatch(); }},
          heartbeat{
              strand,
              {.name = "leases of mails", .first_run = options.lease / 3, .retry = options.lease / 3, .longest_retry = options.lease / 3},
              [this] { return beat(); }},
          workers{{.threads = chosen.parallel, .max_queue = static_cast<std::size_t>(chosen.parallel)}} {}

    // --- taking rows ---

    /// Waits on a timer that another task may cancel.
    static db::Task<void> wait(asio::steady_timer& timer, SteadyClock::duration duration) {
        timer.expires_after(duration);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }

    db::Task<void> wait_for_change() { co_await changed.async_wait(asio::as_tuple(asio::use_awaitable)); }

    db::Task<milliseconds> dispatch() {
        co_await update_gauges();
        const bool found = transport != nullptr ? co_await send_due() : co_await leave_them();
        co_return found ? milliseconds{0} : options.poll;
    }

    db::Task<bool> leave_them() {
        co_await rows::note_no_server(database);
        co_return false;
    }

    /// Claims some rows and sends them; false when none was due.
    db::Task<bool> send_due() {
        const auto valid_until = SteadyClock::now() + options.lease;
        const EpochMs system_now = system_now_ms();
        rows::Lease lease{.holder = holder, .now_ms = system_now, .until_ms = system_now + options.lease.count()};
        auto claiming = rows::claim(database, std::move(lease), clock.now_ms(), options.parallel);
        std::vector<rows::Row> claimed = co_await std::move(claiming);
        std::vector<std::int64_t> untouched;
        for (rows::Row& row : claimed) {
            if (in_hand.contains(row.id)) continue; // sent here, not recorded during a database outage, and claimed again
            co_await wait_for_turn();
            if (taking.is_stopping()) {
                untouched.push_back(row.id);
                continue;
            }
            in_hand.insert(row.id);
            sending.spawn(strand, "delivery of a mail", deliver(std::move(row), valid_until), async::OnStop::finish);
        }
        if (!untouched.empty()) co_await rows::release(database, holder, std::move(untouched));
        co_return !claimed.empty();
    }

    /// Waits until fewer than `parallel` mails are in progress and the rate allows one more.
    db::Task<void> wait_for_turn() {
        while (in_hand.size() >= static_cast<std::size_t>(options.parallel) && !taking.is_stopping()) co_await wait_for_change();
        const auto at = std::max(SteadyClock::now(), next_send);
        next_send = at + duration_cast<SteadyClock::duration>(std::chrono::duration<double>{1 / options.mails_per_second});
        if (SteadyClock::now() < at && !taking.is_stopping()) co_await wait(turn, at - SteadyClock::now());
    }

    db::Task<void> update_gauges() {
        if (SteadyClock::now() < next_gauges) co_return;
        next_gauges = SteadyClock::now() + k_gauge_interval;
        const rows::Backlog backlog = co_await database.get(rows::backlog());
        length.set(static_cast<double>(backlog.length));
        age.set(backlog.oldest_ms ? static_cast<double>(clock.now_ms() - *backlog.oldest_ms) / k_second_ms : 0);
    }

    /// Extends the leases of the claimed rows for as long as sending takes.
    db::Task<milliseconds> beat() {
        if (!in_hand.empty()) {
            const auto until = SteadyClock::now() + options.lease;
            const EpochMs system_now = system_now_ms();
            rows::Lease lease{.holder = holder, .now_ms = system_now, .until_ms = system_now + options.lease.count()};
            auto renewing = rows::renew(database, std::move(lease));
            co_await std::move(renewing);
            renewed_until = until;
        }
        co_return options.lease / 3;
    }

    // --- one mail ---

    /// A claimed row, until its task ends for any reason.
    struct InHand {
        std::shared_ptr<Impl> impl;
        std::int64_t id;

        InHand(std::shared_ptr<Impl> of, std::int64_t which) : impl{std::move(of)}, id{which} {}
        InHand(const InHand&) = delete;
        InHand& operator=(const InHand&) = delete;
        ~InHand() {
            impl->in_hand.erase(id);
            impl->changed.cancel();
        }
    };

    db::Task<void> deliver(rows::Row row, SteadyClock::time_point valid_until) {
        const InHand in_hand_now{shared_from_this(), row.id};
        // After its lease expired a holder may no longer send: another instance has the row.
        if (SteadyClock::now() >= std::max(valid_until, renewed_until)) co_return;
        net::SmtpResult result;
        if (row.attempts > outbox.options().max_attempts) {
            result = {net::SmtpOutcome::failed, "the attempts were interrupted"};
        } else {
            try {
                auto job = [this, &row] { return attempt(row); };
                auto working = workers.run(std::move(job));
                result = co_await std::move(working);
            } catch (const std::exception& error) {
                result = {net::SmtpOutcome::failed, error.what()};
            }
        }
        result.detail = cut_utf8(result.detail, k_detail_bytes);
        co_await record(row, result);
    }

    /// Runs on a worker thread.
    net::SmtpResult attempt(const rows::Row& row) {
        SealedPart part = outbox.open(row.sealed.value_or(""));
        Mail mail{.id = row.id,
                  .type = row.type,
                  .recipient = row.recipient,
                  .recipient_name = part.recipient_name,
                  .language = language_of_tag(row.language),
                  .content = {},
                  .link = {},
                  .unsubscribe_url = part.unsubscribe_url,
                  .created_at_ms = row.created_at_ms,
                  .sent_at_ms = clock.now_ms()};
        part.values.texts.try_emplace("name", part.recipient_name);
        // Mails of an older version have neither; for accounts made by an administrator no client made the request.
        part.values.texts.try_emplace("not_me_url", "");
        part.values.lists.try_emplace("asked");
        part.values.texts["unsubscribe_url"] = UnsubscribeLinks::page_of(part.unsubscribe_url);
        if (const auto link = part.values.texts.find("action_url"); link != part.values.texts.end()) mail.link = link->second;
        mail.content = templates.render(row.type, mail.language, part.values);
        return transport->send(mail);
    }

    /// Records the result, repeatedly during a database outage: the answer is known only here.
    db::Task<void> record(const rows::Row& row, const net::SmtpResult& result) {
        const bool is_last = row.attempts >= outbox.options().max_attempts;
        const bool is_dead = result.outcome == net::SmtpOutcome::rejected || (result.outcome != net::SmtpOutcome::accepted && is_last);
        const std::string_view status = result.outcome == net::SmtpOutcome::accepted ? "sent" : is_dead ? "dead" : "failed";
        metrics
            .counter("focus_api_emails_sent_total", "Deliveries by what came of them.",
                     {{"type", row.type}, {"status", std::string{status}}})
            .add();
        log::write(status == "sent" ? log::Level::info : log::Level::warning, "mail",
                   {{"id", row.id},
                    {"type", std::string_view{row.type}},
                    {"status", status},
                    {"attempt", std::int64_t{row.attempts}},
                    {"answer", std::string_view{result.detail}}});
        while (!co_await try_to_record(row, result, status) && SteadyClock::now() < stop_by) {
            asio::steady_timer pause{strand};
            co_await wait(pause, k_record_pause);
        }
    }

    db::Task<bool> try_to_record(const rows::Row& row, const net::SmtpResult& result, std::string_view status) {
        try {
            co_await database.transaction([&](db::Transaction& tx) -> db::Task<void> {
                const EpochMs now = clock.now_ms();
                // For a user who was deleted meanwhile nothing new is written, in particular not the server's answer.
                if (!co_await rows::is_known(tx, row.id)) {
                    if (status == "sent") rows::record_sent(tx, row, now);
                    co_return;
                }
                if (status == "sent") rows::record_sent(tx, row, now);
                if (status == "dead") rows::record_dead(tx, row, holder, result.detail);
                if (status == "failed") rows::record_retry(tx, row, holder, result.detail, now + retry_delay_ms(row.attempts));
                const bool sent = status == "sent";
                audit::record(tx, Origin{.ip = {}, .user_agent = {}, .request_id = {}, .endpoint = "outbox"},
                              {.action = sent ? "email_sent" : "email_failed",
                               .message = row.type + (sent ? " mail sent" : " mail not sent: " + result.detail),
                               .level = sent ? audit::Level::info : audit::Level::warning,
                               .user_id = row.user_id.value_or(0),
                               .resource_type = "email",
                               .resource_id = row.id},
                              now);
                co_return;
            });
            co_return true;
        } catch (const std::exception& error) {
            log::warning("a delivery can't be recorded yet", {{"id", row.id}, {"cause", std::string_view{error.what()}}});
        }
        co_return false;
    }

    [[nodiscard]] EpochMs retry_delay_ms(int attempts) const {
        EpochMs delay = outbox.options().first_retry_ms;
        for (int i = 1; i < attempts && delay < k_longest_retry_ms; ++i) delay *= 2;
        return std::min(delay, k_longest_retry_ms);
    }

    // --- the end ---

    db::Task<void> shutdown() {
        stop_by = SteadyClock::now() + k_record_patience;
        taking.stop();
        turn.cancel();
        changed.cancel();
        co_await taking.wait();
        co_await sending.wait();
        keeping.stop();
        co_await keeping.wait();
    }
};

Delivery::Delivery(Options options, db::Database& database, Outbox& outbox, const Templates& templates, Transport* transport,
                   const Clock& clock, metrics::Registry& metrics, asio::any_io_executor executor)
    : impl_{std::make_shared<Impl>(options, database, outbox, templates, transport, clock, metrics, executor)} {
    outbox.on_added([weak = std::weak_ptr{impl_}] {
        if (const auto impl = weak.lock()) impl->dispatcher.wake();
    });
}

Delivery::~Delivery() = default;

void Delivery::start() {
    if (impl_->transport == nullptr) log::warning("MAIL_SERVER is not set: mails stay in the outbox");
    impl_->dispatcher.start(impl_->taking);
    impl_->heartbeat.start(impl_->keeping);
}

db::Task<void> Delivery::stop() {
    const auto impl = impl_;
    co_await async::run_on(impl->strand, impl->shutdown());
}

} // namespace focus::mail
