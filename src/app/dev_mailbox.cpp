#include "app/local_request.hpp"
#include "app/system_routes.hpp"

#include <algorithm>

namespace focus::app {

namespace {

using http::Access;
using http::Call;
using http::Path;
using http::Rate;
using http::Raw;
using http::Reply;
using http::Response;
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

// The mails' style attributes need 'unsafe-inline'. /dev/mail shows the mails in a frame without scripts.
constexpr std::string_view k_mail_policy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox allow-popups";

const http::Meta k_inbox{.id = "devMail",
                         .summary = "Mails that were not sent (development only)",
                         .access = Access::nobody,
                         .rate = Rate::none,
                         .hidden = true};
const http::Meta k_mail{
    .id = "devMailPreview", .summary = "One of them as it would look", .access = Access::nobody, .rate = Rate::none, .hidden = true};

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

void add_mailbox_routes(http::Routes& routes, const mail::DevMailbox& mailbox, const WebPages& pages) {
    routes.serve("/dev/mail", k_inbox, [&mailbox, &pages](Call& call) -> Task<Response> {
        require_local(call);
        if (WebPages::is_for_browser(call) && call.query() != "format=json") co_return pages.page(call);
        co_return Response{.content_type = http::k_json, .body = json::write(views_of(mailbox.list()))};
    });
    routes.get("/dev/mail/{id}", k_mail, [&mailbox](Call& call, Path<http::IdPath> path) -> Task<Reply<Raw>> {
        require_local(call);
        const auto mails = mailbox.list();
        const auto found = std::ranges::find(mails, path->id, &mail::Mail::id);
        if (found == mails.end()) throw not_found();
        co_return Reply<Raw>{Raw{"text/html; charset=utf-8", found->content.html},
                             {{"Content-Security-Policy", std::string{k_mail_policy}}}};
    });
}

} // namespace focus::app
