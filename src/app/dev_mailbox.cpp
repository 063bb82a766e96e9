#include "app/system_routes.hpp"

#include <format>

namespace focus::app {

namespace {

using http::Access;
using http::Call;
using http::Query;
using http::Rate;
using http::Raw;
using http::Reply;
using http::Task;

struct MailView {
    std::int64_t id = 0;
    std::string type;
    std::string recipient;
    std::string language;
    std::string subject;
    std::string text;
    std::string html;
    std::string link;
    json::Timestamp sent_at;
};

struct MailboxQuery {
    std::optional<json::Text<1, 10>> format;
};

std::string escape_html(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

constexpr std::string_view k_style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "article{border:1px solid #8886;border-radius:.5rem;padding:1rem;margin:1rem 0}h2{margin:0;font-size:1.1rem}"
    "iframe{width:100%;height:34rem;border:0;background:#fff}small{opacity:.7}";

std::string page_of(const std::vector<mail::Mail>& mails) {
    auto page = std::format("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">"
                            "<title>Mails (development)</title><style>{}</style><h1>Mails</h1>"
                            "<p>This development server sends no mail. What it would have sent is here, newest first.</p>",
                            k_style);
    if (mails.empty()) page += "<p>Nothing yet.</p>";
    for (const auto& mail : mails) {
        page += std::format("<article><h2>{}</h2><small>{} · to {} · {}</small>", escape_html(mail.content.subject), escape_html(mail.type),
                            escape_html(mail.recipient), format_rfc3339(mail.sent_at_ms));
        if (!mail.link.empty()) page += std::format("<p><a href=\"{0}\">{0}</a></p>", escape_html(mail.link));
        page += std::format("<details><summary>Show</summary><iframe sandbox srcdoc=\"{}\" title=\"{}\"></iframe></details></article>",
                            escape_html(mail.content.html), escape_html(mail.content.subject));
    }
    return page;
}

std::vector<MailView> views_of(const std::vector<mail::Mail>& mails) {
    std::vector<MailView> views;
    views.reserve(mails.size());
    for (const auto& mail : mails) {
        views.push_back({.id = mail.id,
                         .type = mail.type,
                         .recipient = mail.recipient,
                         .language = std::string{to_string(mail.language)},
                         .subject = mail.content.subject,
                         .text = mail.content.text,
                         .html = mail.content.html,
                         .link = mail.link,
                         .sent_at = {mail.sent_at_ms}});
    }
    return views;
}

} // namespace

void add_mailbox_routes(http::Routes& routes, const mail::DevMailbox& mailbox) {
    routes.get("/dev/mail",
               {.id = "devMail",
                .summary = "Mails that were not sent (development only)",
                .access = Access::nobody,
                .rate = Rate::none,
                .hidden = true},
               [&mailbox](Call& call, Query<MailboxQuery> query) -> Task<Reply<Raw>> {
                   const auto mails = mailbox.list();
                   const bool wants_json = (query->format && query->format->value == "json") || call.header("Accept") == "application/json";
                   if (wants_json) co_return Raw{"application/json", json::write(views_of(mails))};
                   // The mails' own style attributes need 'unsafe-inline'; they run in a sandbox without scripts.
                   co_return Reply<Raw>{
                       Raw{"text/html; charset=utf-8", page_of(mails)},
                       {{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'"}}};
               });
}

} // namespace focus::app
