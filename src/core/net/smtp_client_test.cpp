#include "core/net/smtp_client.hpp"

#include "support/cpp/servers.hpp"

#include <gtest/gtest.h>

namespace focus::net {
namespace {

using testing::SmtpServer;

SmtpMail mail_to(std::string recipient) {
    return {.sender = "focus@example.org",
            .recipient = std::move(recipient),
            .headers = {"From: Focus <focus@example.org>", "Subject: Hello"},
            .text = "First line\n.\n.dot\nÉté = 100 %\nA line that is much longer than the seventy-six characters that quoted-printable "
                    "allows per line.\n",
            .html = "<p>Été</p>\n"};
}

SmtpOptions to(const SmtpServer& server, SmtpSecurity security = SmtpSecurity::none) {
    return {.server = "localhost",
            .port = server.port(),
            .security = security,
            .ca_file = server.ca_file(),
            .timeout = std::chrono::seconds{10}};
}

TEST(Smtp, SendsTextAndHtmlCleanly) {
    SmtpServer server;
    const SmtpClient client{to(server)};
    const SmtpResult result = client.send(mail_to("someone@example.com"));
    EXPECT_EQ(result.outcome, SmtpOutcome::accepted) << result.detail;
    EXPECT_TRUE(result.detail.starts_with("250 2.0.0 Taken")) << result.detail;
    const auto mail = server.next();
    ASSERT_TRUE(mail);
    EXPECT_EQ(mail->from, "focus@example.org");
    EXPECT_EQ(mail->to, std::vector<std::string>{"someone@example.com"});
    const std::string& raw = mail->raw;
    EXPECT_TRUE(raw.contains("Content-Type: multipart/alternative; boundary=")) << raw;
    EXPECT_EQ(raw.find("Content-Type: multipart"), raw.rfind("Content-Type: multipart")) << raw;
    EXPECT_TRUE(raw.contains("MIME-Version: 1.0\r\n")) << raw;
    EXPECT_TRUE(raw.contains("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable")) << raw;
    EXPECT_TRUE(raw.contains("First line\r\n.\r\n.dot\r\n=C3=89t=C3=A9 =3D 100 %\r\n")) << raw;
    EXPECT_LT(raw.find("text/plain"), raw.find("text/html"));
    std::size_t start = 0;
    for (auto end = raw.find('\n'); end != std::string::npos; start = end + 1, end = raw.find('\n', start)) {
        EXPECT_LE(end - start, raw.substr(start).starts_with("Content-Type") ? 100U : 77U); // the boundary is curl's
        EXPECT_EQ(raw[end - 1], '\r');
    }
    EXPECT_TRUE(std::ranges::all_of(raw, [](char c) { return static_cast<unsigned char>(c) < 128; }));
}

TEST(Smtp, UsesItsConnectionAgain) {
    SmtpServer server;
    const SmtpClient client{to(server)};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send(mail_to("someone@example.com")).outcome, SmtpOutcome::accepted);
    const auto first = server.next();
    const auto second = server.next();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->peer, second->peer);
}

TEST(Smtp, SaysWhetherAnotherTryMakesSense) {
    SmtpServer server;
    const SmtpClient client{to(server)};
    const auto outcome = [&](const char* recipient) { return client.send(mail_to(recipient)); };
    auto result = outcome("refuse@example.com");
    EXPECT_EQ(result.outcome, SmtpOutcome::rejected);
    EXPECT_EQ(result.detail, "550 5.1.1 No such user");
    result = outcome("later@example.com");
    EXPECT_EQ(result.outcome, SmtpOutcome::failed);
    EXPECT_EQ(result.detail, "450 4.2.1 Try again later");
    result = outcome("spam@example.com");
    EXPECT_EQ(result.outcome, SmtpOutcome::rejected);
    EXPECT_EQ(result.detail, "554 5.7.1 Looks like spam");
    result = outcome("full@example.com");
    EXPECT_EQ(result.outcome, SmtpOutcome::failed);
    EXPECT_EQ(result.detail, "452 4.3.1 Disk full");
    result = outcome("drop@example.com");
    EXPECT_EQ(result.outcome, SmtpOutcome::unknown);
    EXPECT_EQ(outcome("someone@example.com").outcome, SmtpOutcome::accepted) << "a lost connection is replaced";
    for (const char* bad : {"a@b>\r\nRCPT TO:<c@d", "a b@c", "<a@b>", "nobody", "", "a@b\n"})
        EXPECT_EQ(outcome(bad).outcome, SmtpOutcome::rejected) << bad;
}

TEST(Smtp, AServerThatIsNotThereIsWorthAnotherTry) {
    int port = 0;
    {
        const SmtpServer server;
        port = server.port();
    }
    const SmtpClient client{{.server = "localhost", .port = port, .security = SmtpSecurity::none, .timeout = std::chrono::seconds{5}}};
    const SmtpResult result = client.send(mail_to("someone@example.com"));
    EXPECT_EQ(result.outcome, SmtpOutcome::failed);
    EXPECT_FALSE(result.detail.empty());
}

TEST(Smtp, SpeaksTlsAndSignsIn) {
    for (const auto& [name, security] : {std::pair{"starttls", SmtpSecurity::starttls}, std::pair{"implicit", SmtpSecurity::implicit}}) {
        SmtpServer server{{"--security", name, "--login", "mailer:s3cret"}};
        SmtpOptions options = to(server, security);
        options.username = "mailer";
        options.password = "s3cret";
        const SmtpResult result = SmtpClient{options}.send(mail_to("someone@example.com"));
        EXPECT_EQ(result.outcome, SmtpOutcome::accepted) << name << ": " << result.detail;
        const auto mail = server.next();
        ASSERT_TRUE(mail) << name;
        EXPECT_TRUE(mail->tls) << name;
        EXPECT_EQ(mail->user, "mailer") << name;

        options.password = "wr0ng";
        const SmtpResult refused = SmtpClient{options}.send(mail_to("someone@example.com"));
        EXPECT_EQ(refused.outcome, SmtpOutcome::failed) << "a wrong password is our fault, not the mail's";
        EXPECT_TRUE(refused.detail.starts_with("535")) << refused.detail;

        options.password = "s3cret";
        options.ca_file.clear();
        EXPECT_EQ(SmtpClient{options}.send(mail_to("someone@example.com")).outcome, SmtpOutcome::failed)
            << name << ": an unknown certificate";
        EXPECT_FALSE(server.next(std::chrono::milliseconds{100})) << name;
    }
}

TEST(Smtp, NeverFallsBackToPlainText) {
    SmtpServer server; // offers no STARTTLS
    const SmtpResult result = SmtpClient{to(server, SmtpSecurity::starttls)}.send(mail_to("someone@example.com"));
    EXPECT_EQ(result.outcome, SmtpOutcome::failed);
    EXPECT_FALSE(server.next(std::chrono::milliseconds{100}));
}

} // namespace
} // namespace focus::net
