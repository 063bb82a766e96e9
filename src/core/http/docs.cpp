#include "core/http/docs.hpp"

#include "core/base/embedded.hpp"
#include "core/crypto/crypto.hpp"
#include "core/http/gzip.hpp"
#include "core/http/headers.hpp"
#include "core/http/static_files.hpp"

#include <memory>
#include <mutex>

namespace focus::http {
namespace {

// Swagger UI and Redoc set styles from scripts; scripts themselves come only from this server.
constexpr std::string_view k_policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                                      "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; "
                                      "form-action 'none'; frame-ancestors 'none'";

constexpr Meta k_page{.id = "", .summary = "", .access = Access::nobody, .rate = Rate::none, .hidden = true};

/// The document, made once.
struct Document {
    const Routes& routes;
    ApiInfo info;
    std::once_flag made = {};
    std::string json = {};

    const std::string& get() {
        std::call_once(made, [this] { json = openapi_document(routes, info); });
        return json;
    }
};

} // namespace

void add_docs(Routes& routes, ApiInfo info) {
    const auto files = std::make_shared<const StaticFiles>(embedded::docs_pages(), std::string{k_policy});
    const auto page = [files](std::string name) {
        return [files, name = std::move(name)](Call& call) -> Task<Response> { co_return files->answer(call, name); };
    };
    routes.serve("/api/docs", k_page, page("docs.html"));
    routes.serve("/api/redoc", k_page, page("redoc.html"));
    routes.serve("/api/docs/{file}", k_page,
                 [files](Call& call) -> Task<Response> { co_return files->answer(call, call.path_params().front().second); });
    const auto document = std::make_shared<Document>(routes, std::move(info));
    auto meta = k_page;
    meta.etag = true;
    routes.serve("/api/openapi.json", meta,
                 [document](Call&) -> Task<Response> { co_return Response{.content_type = k_json, .shared_body = document->get()}; });
}

} // namespace focus::http
