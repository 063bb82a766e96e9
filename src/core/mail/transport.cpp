#include "core/mail/transport.hpp"

#include "core/base/days.hpp"
#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"

#include <algorithm>
#include <format>

namespace focus::mail {

namespace {

constexpr std::size_t k_kept_mails = 200;
constexpr std::size_t k_word_bytes = 45; // of text in one encoded word: 60 characters of base64 (RFC 2047 §2: 75 in all)
constexpr std::size_t k_subject_bytes = 200;

bool is_printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// At most the first `bytes` bytes, cut between characters.
std::string_view head(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && continues_character(text[bytes])) --bytes;
    return text.substr(0, bytes);
}

/// Encoded words (RFC 2047), folded onto lines of their own.
std::string encoded_words(std::string_view text) {
    std::string words;
    while (!text.empty()) {
        std::string_view word = head(text, k_word_bytes);
        if (word.empty()) word = text.substr(0, k_word_bytes); // not UTF-8
        if (!words.empty()) words += "\r\n ";
        words += "=?UTF-8?B?" + crypto::base64_encode(word) + "?=";
        text.remove_prefix(word.size());
    }
    return words;
}

/// A text without control characters, so that it cannot end its line.
std::string unstructured(std::string_view text) {
    std::string line{text};
    std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
    const bool is_plain = is_printable_ascii(line) && !line.contains("=?");
    return is_plain ? line : encoded_words(line);
}

std::string quoted_string(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

/// "Name" <address>, the name quoted or encoded.
std::string mailbox(std::string_view name, std::string_view address) {
    std::string clean_address{address};
    std::erase_if(clean_address, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == '\x7f'; });
    if (name.empty()) return clean_address;
    const std::string encoded = unstructured(head(name, k_subject_bytes));
    return (encoded.starts_with("=?") ? encoded : quoted_string(encoded)) + "\r\n <" + clean_address + ">";
}

std::string domain_of(std::string_view address) {
    const auto at = address.rfind('@');
    return at == std::string_view::npos ? "localhost" : std::string{address.substr(at + 1)};
}

net::SmtpSecurity security_of(const Settings& settings) {
    if (settings.ssl) return net::SmtpSecurity::implicit;
    return settings.tls ? net::SmtpSecurity::starttls : net::SmtpSecurity::none;
}

} // namespace

std::vector<std::string> header_lines(const Settings& settings, const Mail& mail) {
    std::string date = format_http_date(mail.sent_at_ms);
    date.replace(date.size() - 3, 3, "+0000"); // RFC 5322 §4.3: "GMT" is obsolete in mails
    std::vector<std::string> lines{
        "From: " + mailbox(settings.from_name, settings.from),
        "To: " + mailbox(mail.recipient_name, mail.recipient),
        "Subject: " + unstructured(head(mail.content.subject, k_subject_bytes)),
        "Date: " + date,
        // The same for every attempt, so that mail servers recognise a repeat.
        std::format("Message-ID: <focus.{}.{}@{}>", mail.id, mail.created_at_ms, domain_of(settings.from)),
        "Auto-Submitted: auto-generated",
        "Content-Language: " + std::string{to_string(mail.language)},
    };
    if (!mail.unsubscribe_url.empty()) {
        std::string url = mail.unsubscribe_url;
        std::erase_if(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == '\x7f'; });
        lines.push_back("List-Unsubscribe: <" + url + ">");
        lines.emplace_back("List-Unsubscribe-Post: List-Unsubscribe=One-Click");
    }
    return lines;
}

SmtpTransport::SmtpTransport(Settings settings)
    : settings_{std::move(settings)}, client_{{.server = settings_.server,
                                               .port = settings_.port,
                                               .security = security_of(settings_),
                                               .username = settings_.username,
                                               .password = settings_.password,
                                               .ca_file = settings_.ca_file}} {}

net::SmtpResult SmtpTransport::send(const Mail& mail) {
    return client_.send({.sender = settings_.from,
                         .recipient = mail.recipient,
                         .headers = header_lines(settings_, mail),
                         .text = mail.content.text,
                         .html = mail.content.html});
}

net::SmtpResult DevMailbox::send(const Mail& mail) {
    {
        const std::lock_guard lock{mutex_};
        mails_.push_front(mail);
        if (mails_.size() > k_kept_mails) mails_.pop_back();
    }
    log::info("mail kept at /dev/mail", {{"type", std::string_view{mail.type}},
                                         {"recipient", std::string_view{mail.recipient}},
                                         {"subject", std::string_view{mail.content.subject}},
                                         {"link", std::string_view{mail.link}}});
    return {net::SmtpOutcome::accepted, "kept at /dev/mail"};
}

std::vector<Mail> DevMailbox::list() const {
    const std::lock_guard lock{mutex_};
    return {mails_.begin(), mails_.end()};
}

std::optional<Mail> DevMailbox::find(std::int64_t id) const {
    const std::lock_guard lock{mutex_};
    const auto found = std::ranges::find(mails_, id, &Mail::id);
    return found == mails_.end() ? std::nullopt : std::optional{*found};
}

} // namespace focus::mail
