#include "core/mail/transport.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace focus::mail {
namespace {

Mail some_mail() {
    return {.id = 7,
            .type = "verify_email",
            .recipient = "camille@example.com",
            .recipient_name = "Camille",
            .language = Language::fr,
            .content = {.subject = "Hello", .text = "text", .html = "<p>html</p>"},
            .link = "https://focus.example.org/verify-email?token=abc",
            .unsubscribe_url = "",
            .created_at_ms = 1'800'000'000'123,
            .sent_at_ms = 784'111'777'000};
}

const Settings k_settings{.server = "mail.example.org", .from = "focus@example.org", .from_name = "Focus"};

std::string line(const Mail& mail, const std::string& name, const Settings& settings = k_settings) {
    for (const std::string& each : header_lines(settings, mail))
        if (each.starts_with(name + ": ")) return each.substr(name.size() + 2);
    return "";
}

TEST(MailHeaders, AreThoseOfAnAutomaticMail) {
    const Mail mail = some_mail();
    EXPECT_EQ(line(mail, "From"), "\"Focus\"\r\n <focus@example.org>");
    EXPECT_EQ(line(mail, "To"), "\"Camille\"\r\n <camille@example.com>");
    EXPECT_EQ(line(mail, "Subject"), "Hello");
    EXPECT_EQ(line(mail, "Date"), "Sun, 06 Nov 1994 08:49:37 +0000");
    EXPECT_EQ(line(mail, "Message-ID"), "<focus.7.1800000000123@example.org>");
    EXPECT_EQ(line(mail, "Auto-Submitted"), "auto-generated");
    EXPECT_EQ(line(mail, "Content-Language"), "fr");
    EXPECT_EQ(line(mail, "List-Unsubscribe"), "");
    EXPECT_EQ(line(mail, "List-Unsubscribe-Post"), "");
}

TEST(MailHeaders, OfferOneClickUnsubscription) {
    Mail mail = some_mail();
    mail.unsubscribe_url = "https://focus.example.org/unsubscribe?token=abc";
    EXPECT_EQ(line(mail, "List-Unsubscribe"), "<https://focus.example.org/unsubscribe?token=abc>"); // RFC 8058 §3.1
    EXPECT_EQ(line(mail, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
}

TEST(MailHeaders, EncodeWhatIsNotAscii) {
    Mail mail = some_mail();
    mail.recipient_name = "Zoë \"Z\" Müller";
    EXPECT_EQ(line(mail, "To"), "=?UTF-8?B?Wm/DqyAiWiIgTcO8bGxlcg==?=\r\n <camille@example.com>");
    mail.recipient_name = "O\"Brien\\";
    EXPECT_EQ(line(mail, "To"), "\"O\\\"Brien\\\\\"\r\n <camille@example.com>");
    mail.recipient_name = "";
    EXPECT_EQ(line(mail, "To"), "camille@example.com");
    mail.content.subject = "=?UTF-8?B?x?=";
    EXPECT_EQ(line(mail, "Subject"), "=?UTF-8?B?PT9VVEYtOD9CP3g/PQ==?=") << "what looks like an encoded word is encoded";
}

TEST(MailHeaders, FoldLongSubjectsBetweenCharacters) {
    Mail mail = some_mail();
    mail.content.subject.clear();
    for (int i = 0; i < 60; ++i) mail.content.subject += "é€";
    const std::string subject = line(mail, "Subject");
    std::size_t start = 0;
    while (start < subject.size()) {
        const auto end = std::min(subject.find("\r\n ", start), subject.size());
        const std::string word = subject.substr(start, end - start);
        EXPECT_LE(word.size(), 75U);
        EXPECT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?=")) << word;
        start = end + 3;
    }
    mail.content.subject = std::string(300, '\xff'); // not UTF-8: the encoder must still terminate
    EXPECT_FALSE(line(mail, "Subject").empty());
}

TEST(MailHeaders, NoValueStartsALineOfItsOwn) {
    Mail mail = some_mail();
    const std::string evil = "x\r\nBcc: victim@example.com\r\n\r\n<b>";
    mail.recipient_name = evil;
    mail.recipient = "a@b.example\r\nBcc: victim@example.com";
    mail.content.subject = evil;
    mail.unsubscribe_url = "https://x/\r\nBcc: victim@example.com";
    Settings settings = k_settings;
    settings.from_name = evil;
    for (const std::string& each : header_lines(settings, mail))
        for (std::size_t at = each.find_first_of("\r\n"); at != std::string::npos; at = each.find_first_of("\r\n", at + 3))
            EXPECT_EQ(each.substr(at, 3), "\r\n ") << each; // folding only
    EXPECT_EQ(line(mail, "Subject"), "x  Bcc: victim@example.com    <b>");
}

TEST(DevMailbox, KeepsTheLastMails) {
    DevMailbox mailbox;
    for (int i = 1; i <= 250; ++i) {
        Mail mail = some_mail();
        mail.id = i;
        EXPECT_EQ(mailbox.send(mail).outcome, net::SmtpOutcome::accepted);
    }
    EXPECT_EQ(mailbox.list().size(), 200U);
    EXPECT_EQ(mailbox.list().front().id, 250);
    EXPECT_EQ(mailbox.find(100)->link, "https://focus.example.org/verify-email?token=abc");
    EXPECT_FALSE(mailbox.find(50));
}

} // namespace
} // namespace focus::mail
