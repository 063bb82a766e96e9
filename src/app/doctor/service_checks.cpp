#include "app/doctor/service_checks.hpp"

#include "core/async/run.hpp"
#include "core/net/smtp_client.hpp"
#include "core/redis/client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <format>

namespace focus::app::doctor {

namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds k_patience{5};
constexpr std::chrono::milliseconds k_pause{100};

net::SmtpSecurity security_of(const Settings& settings) {
    if (settings.mail_ssl) return net::SmtpSecurity::implicit;
    return settings.mail_tls ? net::SmtpSecurity::starttls : net::SmtpSecurity::none;
}

std::string_view name_of(net::SmtpSecurity security) {
    switch (security) {
    case net::SmtpSecurity::none:
        return "plain text";
    case net::SmtpSecurity::starttls:
        return "STARTTLS";
    case net::SmtpSecurity::implicit:
        return "TLS";
    }
    return "";
}

/// Tries until Redis answers or the time is over; the client connects in the background.
asio::awaitable<bool> answers(redis::Client& client) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    const auto until = std::chrono::steady_clock::now() + k_patience;
    while (std::chrono::steady_clock::now() < until) {
        std::vector<redis::Command> commands{{"PING"}};
        if (co_await client.run(std::move(commands))) co_return true;
        timer.expires_after(k_pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
    co_return false;
}

} // namespace

void check_mail(const Settings& settings, Findings& findings) {
    if (settings.mail_server.empty()) {
        if (settings.is_development())
            findings.ok("mail", "none: mails are shown at /dev/mail (development)");
        else
            findings.warn("mail", "MAIL_SERVER is not set: mails stay in the outbox, and addresses cannot be verified");
        return;
    }
    const auto security = security_of(settings);
    const net::SmtpClient client{{.server = settings.mail_server,
                                  .port = settings.mail_port,
                                  .security = security,
                                  .username = settings.mail_username,
                                  .password = settings.mail_password,
                                  .ca_file = settings.mail_ca_file,
                                  .timeout = k_patience}};
    const auto result = client.check();
    const auto where = std::format("{}:{}", settings.mail_server, settings.mail_port);
    const auto how = std::format("{}, {}", name_of(security), settings.mail_username.empty() ? "no AUTH" : "AUTH");
    if (result.outcome != net::SmtpOutcome::accepted)
        findings.fail("mail", std::format("{} ({}): {}", where, how, result.detail));
    else if (security == net::SmtpSecurity::none && !settings.mail_username.empty())
        findings.warn("mail", where + " answers, but the password travels in plain text: MAIL_TLS or MAIL_SSL");
    else
        findings.ok("mail", std::format("{} answers ({})", where, how));
}

void check_redis(const Settings& settings, Findings& findings) {
    if (settings.redis_url.empty()) return findings.ok("redis", "none: for one instance");
    try {
        const auto url = redis::parse_url(settings.redis_url);
        asio::io_context context{1};
        redis::Client client{url, {context.get_executor()}};
        bool is_there = false;
        client.start();
        const auto ask = [&]() -> asio::awaitable<void> {
            is_there = co_await answers(client);
            client.stop();
        };
        async::block_on(context, ask());
        const auto where = std::format("{}:{}", url.host, url.port);
        if (is_there)
            findings.ok("redis", where + " answers");
        else
            findings.fail("redis", where + " does not answer: its address, the password, or TLS");
    } catch (const std::exception& error) {
        findings.fail("redis", error.what());
    }
}

} // namespace focus::app::doctor
