#include "core/net/smtp_client.hpp"

#include "core/net/curl.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

namespace focus::net {

namespace {

constexpr long k_max_idle_s = 30; // servers close idle connections, and a mail on a closed one is not sent

using Mime = std::unique_ptr<curl_mime, decltype(&curl_mime_free)>;

/// The progress of the dialogue, read from curl's trace: its return code alone does not show which command a reply
/// answered, and that decides whether another attempt makes sense.
struct Dialogue {
    enum class Stage { connecting, sender, recipient, data, message };
    Stage stage = Stage::connecting;
    bool answered = false; // the last command of this stage has its reply
    std::string reply;     // the last one
};

int on_trace(CURL*, curl_infotype type, char* data, std::size_t size, void* user) {
    using Stage = Dialogue::Stage;
    auto& dialogue = *static_cast<Dialogue*>(user);
    const std::string_view text{data, size};
    if (type == CURLINFO_HEADER_OUT) {
        dialogue.answered = false;
        if (text.starts_with("MAIL FROM")) dialogue.stage = Stage::sender;
        if (text.starts_with("RCPT TO")) dialogue.stage = Stage::recipient;
        if (text.starts_with("DATA")) dialogue.stage = Stage::data;
    } else if (type == CURLINFO_DATA_OUT) {
        dialogue.stage = Stage::message;
        dialogue.answered = false;
    } else if (type == CURLINFO_HEADER_IN) {
        dialogue.answered = true;
        dialogue.reply = text;
    }
    return 0;
}

/// One printable line of at most 300 bytes.
std::string one_line(std::string_view text) {
    std::string line{text.substr(0, 300)};
    std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > '~'; }, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

/// CR LF at the end of each line, as mails require.
std::string with_crlf(std::string_view text) {
    std::string lines;
    lines.reserve(text.size() + text.size() / 32);
    for (const char c : text) {
        if (c == '\r') continue;
        if (c == '\n') lines += '\r';
        lines += c;
    }
    return lines;
}

void require(CURLcode code) {
    if (code != CURLE_OK) throw std::bad_alloc{}; // the only reason for which a part cannot be made
}

void add_part(curl_mime* mime, const std::string& body, const char* type) {
    curl_mimepart* part = curl_mime_addpart(mime);
    if (part == nullptr) throw std::bad_alloc{};
    require(curl_mime_data(part, body.data(), body.size()));
    require(curl_mime_type(part, type));
    require(curl_mime_encoder(part, "quoted-printable"));
}

/// An address without characters that would end it inside a command.
bool is_plain_address(std::string_view address) {
    const auto is_bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == '\x7f'; };
    return std::ranges::none_of(address, is_bad) && address.contains('@');
}

SmtpResult result_of(CURLcode code, const Dialogue& dialogue, const char* error) {
    using Stage = Dialogue::Stage;
    if (code == CURLE_OK) return {SmtpOutcome::accepted, one_line(dialogue.reply)};
    const bool in_message = dialogue.stage == Stage::message;
    if (in_message && !dialogue.answered) return {SmtpOutcome::unknown, "the connection was lost before the server answered"};
    const bool about_this_mail = dialogue.stage == Stage::recipient || in_message;
    const bool is_final = dialogue.reply.starts_with('5') && !dialogue.reply.starts_with("53"); // 53x: AUTH (RFC 4954 §6)
    if (about_this_mail && dialogue.answered && is_final) return {SmtpOutcome::rejected, one_line(dialogue.reply)};
    const bool is_refusal = dialogue.answered && (dialogue.reply.starts_with('4') || dialogue.reply.starts_with('5'));
    return {SmtpOutcome::failed, one_line(is_refusal ? dialogue.reply.c_str() : error)};
}

} // namespace

struct SmtpClient::Impl {
    SmtpOptions options;
    mutable CurlPool pool;
    std::string url;

    explicit Impl(SmtpOptions chosen) : options{std::move(chosen)} {
        const bool is_ipv6 = options.server.contains(':');
        url = options.security == SmtpSecurity::implicit ? "smtps://" : "smtp://";
        url += is_ipv6 ? "[" + options.server + "]" : options.server;
        url += ":" + std::to_string(options.port);
    }

    void configure(CURL* curl, Dialogue& dialogue, char* error) const {
        const long tls = options.security == SmtpSecurity::none ? CURLUSESSL_NONE : CURLUSESSL_ALL;
        curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(curl, CURLOPT_USE_SSL, tls);
        if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
        if (!options.username.empty()) {
            curl_easy_setopt(curl, CURLOPT_USERNAME, options.username.c_str());
            curl_easy_setopt(curl, CURLOPT_PASSWORD, options.password.c_str());
        }
        curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, k_max_idle_s);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
        curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L); // feeds on_trace; nothing is printed
        curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, &on_trace);
        curl_easy_setopt(curl, CURLOPT_DEBUGDATA, &dialogue);
    }

    SmtpResult perform_check(CURL* curl) const {
        std::array<char, CURL_ERROR_SIZE> error{};
        Dialogue dialogue;
        configure(curl, dialogue, error.data());
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "NOOP");
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        const CURLcode code = curl_easy_perform(curl);
        return result_of(code, dialogue, error[0] != '\0' ? error.data() : curl_easy_strerror(code));
    }

    SmtpResult perform(CURL* curl, const SmtpMail& mail) const {
        std::array<char, CURL_ERROR_SIZE> error{};
        Dialogue dialogue;
        configure(curl, dialogue, error.data());
        CurlList recipients{nullptr, &curl_slist_free_all};
        append(recipients, ("<" + mail.recipient + ">").c_str());
        CurlList headers{nullptr, &curl_slist_free_all};
        for (const std::string& header : mail.headers) append(headers, header.c_str());
        append(headers, "MIME-Version: 1.0");
        append(headers, "Content-Type: multipart/alternative"); // curl adds the boundary
        const std::string text = with_crlf(mail.text);
        const std::string html = with_crlf(mail.html);
        const Mime mime{curl_mime_init(curl), &curl_mime_free};
        if (!mime) throw std::bad_alloc{};
        add_part(mime.get(), text, "text/plain; charset=utf-8");
        add_part(mime.get(), html, "text/html; charset=utf-8"); // the preferred format comes last (RFC 2046 §5.1.4)
        const std::string sender = "<" + mail.sender + ">";
        curl_easy_setopt(curl, CURLOPT_MAIL_FROM, sender.c_str());
        curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime.get());
        const CURLcode code = curl_easy_perform(curl);
        return result_of(code, dialogue, error[0] != '\0' ? error.data() : curl_easy_strerror(code));
    }
};

SmtpClient::SmtpClient(SmtpOptions options) : impl_{std::make_unique<Impl>(std::move(options))} {}
SmtpClient::~SmtpClient() = default;

SmtpResult SmtpClient::send(const SmtpMail& mail) const {
    if (!is_plain_address(mail.recipient)) return {SmtpOutcome::rejected, "the recipient's address is not valid"};
    CurlHandle curl = impl_->pool.take();
    SmtpResult result = impl_->perform(curl.get(), mail);
    impl_->pool.give_back(std::move(curl));
    return result;
}

SmtpResult SmtpClient::check() const {
    const CurlHandle curl = impl_->pool.take(); // not reused: it is configured to send no mail
    return impl_->perform_check(curl.get());
}

} // namespace focus::net
