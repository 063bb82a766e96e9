#include "app/web_pages.hpp"

#include "core/base/embedded.hpp"
#include "core/http/static_files.hpp"

#include <array>
#include <string>
#include <string_view>

namespace focus::app {

namespace {

using http::Access;
using http::Call;
using http::Meta;
using http::Rate;
using http::Response;
using http::Task;

// Nothing inline and nothing from other origins, except the user's picture; text becomes markup only through the
// policy that Svelte's compiled templates use. Frames are for the mails of /dev/mail.
constexpr std::string_view k_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; font-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types svelte-trusted-html";

// The paths of web/src/lib/routes.ts. Each of them is answered with the same page.
constexpr std::array<std::string_view, 22> k_addresses{"/login",        "/register",         "/verify-email",    "/not-me",
                                                       "/unsubscribe",  "/forgot-password",  "/reset-password",  "/oauth/callback",
                                                       "/dashboard",    "/trends",           "/trends/app/{id}", "/limits",
                                                       "/challenges",   "/challenges/new",   "/challenges/{id}", "/join",
                                                       "/join/{code}",  "/notifications",    "/settings",        "/admin",
                                                       "/admin/{page}", "/admin/{page}/{id}"};

constexpr Meta k_page{.id = "", .summary = "", .access = Access::nobody, .rate = Rate::none, .hidden = true};

} // namespace

WebPages::WebPages() : files_{std::make_shared<const http::StaticFiles>(embedded::web_pages(), std::string{k_policy})} {}

void WebPages::add_routes(http::Routes& routes) const {
    for (const auto address : k_addresses) {
        routes.serve(address, k_page, [files = files_](Call& call) -> Task<Response> { co_return files->answer(call, "index.html"); });
    }
    routes.serve("/assets/{file}", k_page, [files = files_](Call& call) -> Task<Response> {
        co_return files->answer(call, "assets/" + call.path_params().front().second);
    });
}

Response WebPages::page(const Call& call) const { return files_->answer(call, "index.html"); }

std::optional<Response> WebPages::page_for_unknown(const Call& call, std::string_view path) const {
    if (!is_for_browser(call) || path == "/api" || path.starts_with("/api/") || path.starts_with("/assets/")) return std::nullopt;
    auto answer = page(call);
    if (answer.status == 200) answer.status = 404;
    return answer;
}

bool WebPages::is_for_browser(const Call& call) { return call.header("Accept").contains("text/html"); }

} // namespace focus::app
