// Sends mails to an SMTP server (RFC 5321), by libcurl. Calls block: they belong on worker threads; safe from any.
// Always holds: with TLS asked for, nothing is sent without it and certificates are verified; the server's reply is kept
// as it came; a connection is used again for the next mail.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace focus::net {

enum class SmtpSecurity { none, starttls, implicit };

struct SmtpOptions {
    std::string server;
    int port = 587;
    SmtpSecurity security = SmtpSecurity::starttls;
    std::string username; // empty: no AUTH
    std::string password;
    std::string ca_file; // empty: the system's
    std::chrono::milliseconds timeout{30'000};
};

struct SmtpMail {
    std::string sender;               // envelope address
    std::string recipient;            // envelope address
    std::vector<std::string> headers; // "Name: value", encoded and folded; without Content-Type and MIME-Version
    std::string text;                 // UTF-8, sent as quoted-printable
    std::string html;
};

enum class SmtpOutcome {
    accepted, // the server has taken the mail over
    rejected, // it will never take this mail for this recipient (5xx to RCPT or to the message)
    failed,   // not sent; worth another try
    unknown,  // the connection was lost after the message, before the answer
};

struct SmtpResult {
    SmtpOutcome outcome = SmtpOutcome::failed;
    std::string detail; // the server's last reply or the error of the connection, on one line; never a password
};

class SmtpClient {
  public:
    explicit SmtpClient(SmtpOptions options);
    ~SmtpClient();

    [[nodiscard]] SmtpResult send(const SmtpMail& mail) const;
    /// Connects, greets, and with TLS and a password secures and signs in, as send() does; sends no mail.
    [[nodiscard]] SmtpResult check() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace focus::net
