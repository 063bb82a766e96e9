// Sends mails to an SMTP server (RFC 5321), by libcurl. Calls block: use worker threads; safe from any thread.
// Always holds: if TLS is required, nothing is sent without it and certificates are verified; the server's reply is kept
// unchanged; a connection is used again for the next mail.
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
    accepted, // the server has accepted the mail
    rejected, // it will never accept this mail for this recipient (5xx to RCPT or to the message)
    failed,   // not sent; worth another attempt
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
    /// Connects, greets, and with TLS and a password encrypts and authenticates, as send() does; no mail.
    [[nodiscard]] SmtpResult check() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace focus::net
