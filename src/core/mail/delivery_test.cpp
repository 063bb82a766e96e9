#include "core/mail/delivery.hpp"

#include "core/crypto/crypto.hpp"
#include "core/db/migrate.hpp"
#include "support/cpp/database.hpp"
#include "support/cpp/servers.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <set>

namespace focus::mail {
namespace {

using namespace std::chrono_literals;

constexpr EpochMs k_now = 1'800'000'000'000;

constexpr db::Statement k_expire{"test.expire", "UPDATE outbox SET lease_until_ms = 1 WHERE lease IS NOT NULL"};

struct Stored {
    std::int64_t id;
    std::string status;
    int attempts;
    std::optional<std::string> last_error;
    std::optional<std::string> sealed;
    std::optional<std::int64_t> sent_at_ms;
    std::optional<std::int64_t> next_attempt_at_ms;
    std::optional<std::string> lease;
};
constexpr auto k_all = db::select<Stored>("test.outbox", "SELECT * FROM outbox ORDER BY id");

struct Audited {
    std::string action;
    std::int64_t user_id = 0;
    std::int64_t resource_id = 0;
};
constexpr auto k_audit = db::select<Audited>("test.audit", "SELECT * FROM audit_log ORDER BY id");

/// Records the mails and returns the answers that a test sets.
class Recorder : public Transport {
  public:
    net::SmtpResult send(const Mail& mail) override {
        const std::lock_guard lock{mutex_};
        mails_.push_back(mail);
        return answer_(mail);
    }
    std::vector<Mail> mails() {
        const std::lock_guard lock{mutex_};
        return mails_;
    }
    void answer(std::function<net::SmtpResult(const Mail&)> answer) {
        const std::lock_guard lock{mutex_};
        answer_ = std::move(answer);
    }

  private:
    std::mutex mutex_;
    std::vector<Mail> mails_;
    std::function<net::SmtpResult(const Mail&)> answer_ = [](const Mail&) { return net::SmtpResult{net::SmtpOutcome::accepted, "250 OK"}; };
};

struct VerifyEmail {
    static constexpr Kind k_kind{"verify_email"};
    std::string action_url;
    std::int64_t hours = 0;
    static VerifyEmail sample(Language /*language*/) { return {.action_url = "https://focus.example.org", .hours = 1}; }
};

class OutboxTest : public db::testing::DatabaseTest {
  protected:
    void SetUp() override {
        DatabaseTest::SetUp();
        run([&]() -> db::Task<void> { co_await db::migrate(database(), migrations()); });
        clock_.freeze(k_now);
    }

    [[nodiscard]] static Message message(const std::string& recipient = "camille@example.com") {
        return {{.address = recipient, .name = "Camille", .language = Language::en, .user_id = 7},
                VerifyEmail{.action_url = "https://focus.example.org/verify-email?token=t0ken", .hours = 24}};
    }
    void add(const Message& mail) {
        run([&]() -> db::Task<void> {
            co_await database().transaction([&](db::Transaction& tx) -> db::Task<void> {
                outbox_.add(tx, mail);
                co_return;
            });
        });
    }
    std::vector<Stored> stored() {
        return run([&]() -> db::Task<std::vector<Stored>> { return database().get(k_all.all()); });
    }
    std::vector<std::string> statuses() {
        std::vector<std::string> all;
        for (const Stored& row : stored()) all.push_back(row.status);
        return all;
    }
    std::unique_ptr<Delivery> deliver(Transport* transport, Delivery::Options options = {}) {
        if (options.poll == Delivery::Options{}.poll) options.poll = 20ms;
        auto delivery =
            std::make_unique<Delivery>(options, database(), outbox_, templates_, transport, clock_, metrics(), io().get_executor());
        delivery->start();
        return delivery;
    }
    void stop(Delivery& delivery) {
        run([&]() -> db::Task<void> { co_await delivery.stop(); });
    }
    /// Runs the io_context until the condition holds.
    void until(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < deadline) {
            io().restart();
            io().run_for(10ms);
        }
        EXPECT_TRUE(condition()) << "not in time";
    }

    Clock clock_;
    Outbox outbox_{{.sealing_key = crypto::derive_key("secret", "outbox"),
                    .links = {"key", "https://focus.example.org"},
                    .first_retry_ms = 60'000,
                    .max_attempts = 3},
                   clock_};
    Templates templates_{{.folder = "", .frontend_url = "https://focus.example.org"}, std::span{&k_sample_of<VerifyEmail>, 1}};
    Recorder recorder_;
    std::int64_t stored_id_ = 0;
};
FOCUS_TEST_ON_EACH_DATABASE(OutboxTest);

TEST_P(OutboxTest, StoresWithItsCauseAndSealed) {
    EXPECT_THROW(run([&]() -> db::Task<void> {
                     co_await database().transaction([&](db::Transaction& tx) -> db::Task<void> {
                         outbox_.add(tx, message());
                         (void)co_await tx.get(k_all.all());
                         throw std::logic_error{"the cause failed"};
                     });
                 }),
                 std::logic_error);
    EXPECT_TRUE(stored().empty());
    add(message());
    const auto rows = stored();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].status, "pending");
    EXPECT_EQ(rows[0].next_attempt_at_ms, k_now);
    EXPECT_FALSE(rows[0].sealed->contains("t0ken"));
    EXPECT_EQ(outbox_.open(*rows[0].sealed).values.texts.at("hours"), "24");
    EXPECT_EQ(outbox_.open(*rows[0].sealed).recipient_name, "Camille");
    const Outbox other{{.sealing_key = crypto::derive_key("another", "outbox")}, clock_};
    EXPECT_THROW((void)other.open(*rows[0].sealed), std::runtime_error);
}

TEST_P(OutboxTest, TheSameKeyIsStoredOnce) {
    Message mail = message();
    mail.dedup_key = "reminder:7:2026-11-22";
    add(mail);
    add(mail);
    mail.dedup_key = "reminder:7:2026-11-23";
    add(mail);
    mail.dedup_key.clear();
    add(mail);
    add(mail);
    EXPECT_EQ(stored().size(), 4U);
}

TEST_P(OutboxTest, DeliversAndErasesTheSecret) {
    const auto delivery = deliver(&recorder_);
    Message mail = message();
    mail.kind.is_optional = true;
    add(mail);
    until([&] { return statuses() == std::vector<std::string>{"sent"}; });
    stop(*delivery);
    const auto row = stored().at(0);
    EXPECT_EQ(row.attempts, 1);
    EXPECT_EQ(row.sent_at_ms, k_now);
    EXPECT_FALSE(row.sealed || row.next_attempt_at_ms || row.lease || row.last_error);
    const auto sent = recorder_.mails();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].recipient, "camille@example.com");
    EXPECT_EQ(sent[0].content.subject, "Confirm your e-mail address");
    EXPECT_TRUE(sent[0].content.text.contains("Hello,") && sent[0].content.text.contains("token=t0ken"));
    EXPECT_EQ(sent[0].link, "https://focus.example.org/verify-email?token=t0ken");
    EXPECT_EQ(sent[0].unsubscribe_url, outbox_.options().links.url(7));
    run([&]() -> db::Task<void> {
        const auto audit = co_await database().get(k_audit.first());
        EXPECT_EQ(audit->action, "email_sent");
        EXPECT_EQ(audit->user_id, 7);
        EXPECT_EQ(audit->resource_id, row.id);
    });
    EXPECT_TRUE(metrics().render().contains("focus_api_emails_sent_total{status=\"sent\",type=\"verify_email\"} 1")) << metrics().render();
}

TEST_P(OutboxTest, TriesAgainLaterAndLaterAndThenNoMore) {
    recorder_.answer([](const Mail&) { return net::SmtpResult{net::SmtpOutcome::failed, "451 busy"}; });
    const auto delivery = deliver(&recorder_);
    add(message());
    const auto wait_for = [&](std::size_t tries, const char* status) {
        until([&] { return recorder_.mails().size() == tries && statuses() == std::vector<std::string>{status}; });
    };
    wait_for(1, "failed");
    EXPECT_EQ(stored()[0].next_attempt_at_ms, k_now + 60'000);
    EXPECT_EQ(stored()[0].last_error, "451 busy");
    clock_.freeze(k_now + 60'000);
    wait_for(2, "failed");
    EXPECT_EQ(stored()[0].next_attempt_at_ms, k_now + 60'000 + 120'000);
    clock_.freeze(k_now + 180'000);
    wait_for(3, "dead");
    stop(*delivery);
    EXPECT_EQ(stored()[0].last_error, "451 busy");
    EXPECT_FALSE(stored()[0].sealed || stored()[0].next_attempt_at_ms);
    const auto tried = recorder_.mails();
    EXPECT_EQ(header_lines({}, tried[0])[4], header_lines({}, tried[2])[4]) << "every try has the same Message-ID";
}

TEST_P(OutboxTest, WhatWillNeverWorkIsDeadAtOnce) {
    recorder_.answer([](const Mail&) { return net::SmtpResult{net::SmtpOutcome::rejected, "550 No such user"}; });
    const auto delivery = deliver(&recorder_);
    add(message());
    until([&] { return statuses() == std::vector<std::string>{"dead"}; });
    stop(*delivery);
    EXPECT_EQ(stored()[0].last_error, "550 No such user");
    EXPECT_FALSE(stored()[0].sealed);
    EXPECT_TRUE(metrics().render().contains("status=\"dead\""));
}

TEST_P(OutboxTest, AMailThatCannotBeRenderedIsNotLost) {
    Message mail = message();
    mail.values.texts.erase("hours");
    const auto delivery = deliver(&recorder_);
    add(mail);
    until([&] { return statuses() == std::vector<std::string>{"failed"}; });
    stop(*delivery);
    EXPECT_TRUE(stored()[0].last_error->contains("hours")) << *stored()[0].last_error;
    EXPECT_TRUE(recorder_.mails().empty());
}

TEST_P(OutboxTest, RetryMakesAWaitingRowDue) {
    recorder_.answer([](const Mail&) { return net::SmtpResult{net::SmtpOutcome::failed, "451 busy"}; });
    const auto delivery = deliver(&recorder_);
    add(message());
    until([&] { return statuses() == std::vector<std::string>{"failed"}; });
    recorder_.answer([](const Mail&) { return net::SmtpResult{net::SmtpOutcome::accepted, "250"}; });
    const auto retry = [&] {
        return run([&]() -> db::Task<bool> {
            co_return co_await database().transaction(
                [&](db::Transaction& tx) -> db::Task<bool> { co_return co_await outbox_.retry(tx, stored_id_); });
        });
    };
    stored_id_ = stored()[0].id;
    EXPECT_TRUE(retry());
    until([&] { return statuses() == std::vector<std::string>{"sent"}; });
    EXPECT_FALSE(retry()) << "a sent one is not sent again";
    stop(*delivery);
}

TEST_P(OutboxTest, UrgentMailsOvertakeManyOthers) {
    Message bulk = message("many@example.com");
    bulk.kind.bulk = true;
    for (int i = 0; i < 20; ++i) add(bulk);
    add(message("waiting@example.com"));
    const auto delivery = deliver(&recorder_, {.parallel = 1});
    until([&] { return recorder_.mails().size() == 21; });
    stop(*delivery);
    EXPECT_EQ(recorder_.mails().front().recipient, "waiting@example.com");
}

TEST_P(OutboxTest, KeepsToItsRate) {
    for (int i = 0; i < 11; ++i) add(message());
    const auto start = std::chrono::steady_clock::now();
    const auto delivery = deliver(&recorder_, {.parallel = 4, .mails_per_second = 20});
    until([&] { return recorder_.mails().size() == 11; });
    EXPECT_GE(std::chrono::steady_clock::now() - start, 490ms);
    stop(*delivery);
}

TEST_P(OutboxTest, TwoInstancesSendEachMailOnce) {
    constexpr int k_mails = 60;
    for (int i = 0; i < k_mails; ++i) add(message(std::to_string(i) + "@example.com"));
    const auto other_database = open_again();
    Outbox other_outbox{outbox_.options(), clock_};
    const auto first = deliver(&recorder_, {.mails_per_second = 10'000});
    Delivery second{{.mails_per_second = 10'000, .poll = 5ms},
                    *other_database,
                    other_outbox,
                    templates_,
                    &recorder_,
                    clock_,
                    metrics(),
                    io().get_executor()};
    second.start();
    until([&] { return std::ranges::count(statuses(), "sent") == k_mails; });
    stop(*first);
    stop(second);
    std::multiset<std::string> recipients;
    for (const Mail& mail : recorder_.mails()) recipients.insert(mail.recipient);
    EXPECT_EQ(recipients.size(), static_cast<std::size_t>(k_mails));
    EXPECT_EQ(std::set<std::string>(recipients.begin(), recipients.end()).size(), static_cast<std::size_t>(k_mails));
    other_database->close();
}

TEST_P(OutboxTest, ADeadWorkersRowsAreTakenOver) {
    std::atomic<bool> go = false;
    recorder_.answer([&go](const Mail&) {
        while (!go) std::this_thread::sleep_for(1ms);
        return net::SmtpResult{net::SmtpOutcome::failed, "interrupted"};
    });
    add(message());
    const auto dying = deliver(&recorder_, {.poll = 1h});
    until([&] { return statuses() == std::vector<std::string>{"sending"}; });
    Recorder second_recorder;
    Outbox other_outbox{outbox_.options(), clock_};
    Delivery second{{.poll = 20ms}, database(), other_outbox, templates_, &second_recorder, clock_, metrics(), io().get_executor()};
    second.start();
    io().restart();
    io().run_for(100ms);
    EXPECT_TRUE(second_recorder.mails().empty()) << "the first one holds it";
    run([&]() -> db::Task<void> { co_await database().execute(k_expire); });
    until([&] { return statuses() == std::vector<std::string>{"sent"}; });
    go = true;
    stop(*dying);
    stop(second);
    EXPECT_EQ(second_recorder.mails().size(), 1U);
    EXPECT_EQ(stored()[0].status, "sent") << "who lost his lease records no failure";
    EXPECT_EQ(stored()[0].attempts, 2);
}

TEST_P(OutboxTest, HoldsItsRowsWhileSendingTakesLong) {
    std::atomic<bool> go = false;
    recorder_.answer([&go](const Mail&) {
        while (!go) std::this_thread::sleep_for(1ms);
        return net::SmtpResult{net::SmtpOutcome::accepted, "250"};
    });
    add(message());
    const auto slow = deliver(&recorder_, {.lease = 150ms});
    until([&] { return statuses() == std::vector<std::string>{"sending"}; });
    Recorder second_recorder;
    Outbox other_outbox{outbox_.options(), clock_};
    Delivery second{{.poll = 10ms}, database(), other_outbox, templates_, &second_recorder, clock_, metrics(), io().get_executor()};
    second.start();
    io().restart();
    io().run_for(600ms); // four leases long
    go = true;
    until([&] { return statuses() == std::vector<std::string>{"sent"}; });
    stop(*slow);
    stop(second);
    EXPECT_EQ(recorder_.mails().size(), 1U);
    EXPECT_TRUE(second_recorder.mails().empty());
}

TEST_P(OutboxTest, StoppingGivesUntouchedRowsBack) {
    for (int i = 0; i < 8; ++i) add(message());
    const auto delivery = deliver(&recorder_, {.parallel = 4, .mails_per_second = 2});
    until([&] { return !recorder_.mails().empty(); });
    const auto start = std::chrono::steady_clock::now();
    stop(*delivery);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
    const auto sent = recorder_.mails().size();
    EXPECT_LT(sent, 8U);
    EXPECT_EQ(std::ranges::count(statuses(), "sent"), static_cast<std::ptrdiff_t>(sent));
    EXPECT_EQ(std::ranges::count(statuses(), "pending"), static_cast<std::ptrdiff_t>(8 - sent));
    for (const Stored& row : stored()) EXPECT_EQ(row.attempts, row.status == "sent" ? 1 : 0);
}

TEST_P(OutboxTest, WithoutAServerNothingIsLost) {
    const auto delivery = deliver(nullptr);
    add(message());
    until([&] { return stored()[0].last_error == "MAIL_SERVER is not set"; });
    EXPECT_EQ(stored()[0].status, "pending");
    EXPECT_EQ(stored()[0].attempts, 0);
    EXPECT_TRUE(stored()[0].sealed);
    stop(*delivery);
}

TEST_P(OutboxTest, ForgetsDeletedUsers) {
    add(message());
    Message other = message();
    other.recipient.user_id = 8;
    add(other);
    run([&]() -> db::Task<void> {
        co_await database().transaction([&](db::Transaction& tx) -> db::Task<void> {
            outbox_.forget_user(tx, 7);
            co_return;
        });
    });
    EXPECT_EQ(statuses(), (std::vector<std::string>{"dead", "pending"}));
    EXPECT_FALSE(stored()[0].sealed);
    const auto delivery = deliver(&recorder_);
    until([&] { return statuses() == std::vector<std::string>{"dead", "sent"}; });
    stop(*delivery);
    EXPECT_EQ(recorder_.mails().size(), 1U);
}

TEST_P(OutboxTest, DeliversOverRealSmtp) {
    net::testing::SmtpServer server;
    SmtpTransport transport{{.server = "localhost", .port = server.port(), .from = "focus@example.org", .tls = false}};
    const auto delivery = deliver(&transport);
    Message mail = message();
    mail.recipient.language = Language::fr;
    mail.recipient.name = "Zoë";
    add(mail);
    add(message("refuse@example.com"));
    add(message("later@example.com"));
    until([&] { return statuses() == std::vector<std::string>{"sent", "dead", "failed"}; });
    stop(*delivery);
    const auto taken = server.next();
    ASSERT_TRUE(taken);
    EXPECT_TRUE(taken->raw.contains("Subject: Confirmez votre adresse e-mail\r\n")) << taken->raw;
    EXPECT_TRUE(taken->raw.contains("To: =?UTF-8?B?Wm/Dqw==?=\r\n <camille@example.com>\r\n")) << taken->raw;
    EXPECT_EQ(stored()[1].last_error, "550 5.1.1 No such user");
    EXPECT_EQ(stored()[2].last_error, "450 4.2.1 Try again later");
}

} // namespace
} // namespace focus::mail
