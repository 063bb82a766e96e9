// Where rendered mails are sent: to an SMTP server, or in development to a list that a page shows.
// Always holds: send() blocks and may be called from several threads at once.
#pragma once

#include "core/base/clock.hpp"
#include "core/base/text.hpp"
#include "core/mail/templates.hpp"
#include "core/net/smtp_client.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace focus::mail {

/// The settings MAIL_*.
struct Settings {
    std::string server;
    int port = 587;
    std::string username;
    std::string password;
    std::string from = "focus@localhost";
    std::string from_name = "Focus";
    bool tls = true;  // STARTTLS
    bool ssl = false; // TLS from the start; wins over `tls`
    std::string ca_file;
};

/// A rendered mail.
struct Mail {
    std::int64_t id = 0; // of its row
    std::string type;
    std::string recipient;
    std::string recipient_name;
    Language language = Language::en;
    Rendered content;
    std::string link;            // the target of its button; may be empty
    std::string unsubscribe_url; // may be empty
    EpochMs created_at_ms = 0;
    EpochMs sent_at_ms = 0;
};

class Transport {
  public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;
    virtual net::SmtpResult send(const Mail& mail) = 0;
};

class SmtpTransport : public Transport {
  public:
    explicit SmtpTransport(Settings settings);
    net::SmtpResult send(const Mail& mail) override;

  private:
    Settings settings_;
    net::SmtpClient client_;
};

/// Keeps the last mails in memory and prints their links in the log. Development only: links are secrets.
class DevMailbox : public Transport {
  public:
    net::SmtpResult send(const Mail& mail) override;
    /// The newest first.
    [[nodiscard]] std::vector<Mail> list() const;
    [[nodiscard]] std::optional<Mail> find(std::int64_t id) const;

  private:
    mutable std::mutex mutex_;
    std::deque<Mail> mails_; // newest first, at most 200
};

/// The header lines of a mail (RFC 5322, RFC 2047), each encoded and folded.
[[nodiscard]] std::vector<std::string> header_lines(const Settings& settings, const Mail& mail);

} // namespace focus::mail
