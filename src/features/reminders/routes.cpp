#include "features/reminders/module.hpp"

#include "core/crypto/crypto.hpp"
#include "core/http/routes.hpp"
#include "features/auth/errors.hpp"
#include "features/reminders/service.hpp"

#include <format>

namespace focus::reminders {

namespace {

using http::Access;
using http::Call;
using http::Query;
using http::Raw;
using http::Reply;
using http::Task;

struct TokenQuery {
    json::Text<1, 200> token;
};

struct Unsubscribed {
    std::string message;
    bool unsubscribed = false;
};

constexpr Text k_question{"Stop the reminders, summaries and limit mails?", "Ne plus recevoir les rappels, bilans et alertes par e-mail ?"};
constexpr Text k_button{"Stop them", "Ne plus les recevoir"};
constexpr Text k_done{
    "Done: you will get no more reminders, summaries or limit mails. You can turn them on again in the settings.",
    "C'est fait : vous ne recevrez plus de rappels, de bilans ni d'alertes par e-mail. Vous pouvez les réactiver dans les "
    "réglages."};

constexpr auto k_bad_link = auth::k_invalid_token.described("the link is not one of ours");

bool wants_html(const Call& call) { return call.header("Accept").contains("text/html"); }

constexpr std::string_view k_style =
    "body{font:18px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}"
    "button{font:inherit;padding:.5rem 1.25rem;border-radius:.5rem;border:0;background:#3b5bdb;color:#fff}";

/// A small page without scripts, and with its own style only. `form` is markup of this file, the rest is text of this file:
/// nothing in it is external input.
Reply<Raw> page(Language language, std::string_view sentence, std::string_view form) {
    static const std::string k_policy = "default-src 'none'; style-src 'sha256-" + crypto::base64_encode(crypto::sha256(k_style)) +
                                        "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    Raw raw{"text/html; charset=utf-8",
            std::format("<!doctype html><html lang={}><meta charset=utf-8><meta name=viewport content=\"width=device-width\">"
                        "<title>Focus</title><style>{}</style><h1>Focus</h1><p>{}</p>{}</html>",
                        to_string(language), k_style, sentence, form)};
    return {std::move(raw), {{"Content-Security-Policy", k_policy}}};
}

Reply<Raw> answer(const Call& call, Language language, Text sentence, bool done) {
    if (!wants_html(call)) return Raw{"application/json", json::write(Unsubscribed{std::string{sentence.in(language)}, done})};
    // The form posts to the page's own address, token included.
    const auto form = done ? std::string{} : std::format("<form method=post><button>{}</button></form>", k_button.in(language));
    return page(language, sentence.in(language), form);
}

} // namespace

void add_routes(http::Routes& routes, Service& service) {
    routes.get(
        "/api/unsubscribe",
        {.id = "askUnsubscribe",
         .summary = "Where the link of an optional mail leads",
         .description = "A page that asks (or JSON, by `Accept`). Only the POST turns mails off: programs follow links by themselves.",
         .tag = "users",
         .access = Access::nobody,
         .no_store = true,
         .problems = {k_bad_link}},
        [&service](Call& call, Query<TokenQuery> query) -> Task<Reply<Raw>> {
            const auto user = co_await service.owner_of(query->token.value);
            if (!user) throw Error{k_bad_link};
            co_return answer(call, user->language, user->email_reminders ? k_question : k_done, !user->email_reminders);
        });
    routes.post("/api/unsubscribe",
                {.id = "unsubscribe",
                 .summary = "Turn the optional mails off, without signing in",
                 .description =
                     "As mail programs do in one click (RFC 8058). The token is the one of the mail's link; doing it again changes "
                     "nothing.",
                 .tag = "users",
                 .access = Access::nobody,
                 .no_store = true,
                 .problems = {k_bad_link}},
                [&service](Call& call, Query<TokenQuery> query) -> Task<Reply<Raw>> {
                    if (!co_await service.unsubscribe(query->token.value, call.origin())) throw Error{k_bad_link};
                    const auto user = co_await service.owner_of(query->token.value);
                    co_return answer(call, user ? user->language : call.language(), k_done, true);
                });
}

} // namespace focus::reminders
