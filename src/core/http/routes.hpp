// Routes: one declaration defines an endpoint completely: path, access, rate class, input and output (and so parsing,
// validation and the OpenAPI entry), and the handler.
//
//   routes.post("/api/activities", {.id = "createActivity", .summary = "Record a usage", .success = 201},
//               [&](Call& call, Body<NewActivity> body) -> Task<Reply<Activity>> { … });
//
// A handler takes the Call and, in any order, at most one each of Path<P>, Query<Q>, Body<B> (plain structs, decoded
// and validated before it runs; a Body<std::optional<B>> is optional); it returns Reply<Out>. Out may be a struct, a vector,
// NoContent, Raw, Stream, or an Upgrade (of a WebSocket).
#pragma once

#include "core/base/caller.hpp"
#include "core/base/error.hpp"
#include "core/http/call.hpp"
#include "core/http/message.hpp"
#include "core/http/websocket.hpp"
#include "core/json/json.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::http {

/// Who may call a route. Each level includes the ones before it.
enum class Access {
    nobody,    // no token needed (a valid one is still used)
    signed_in, // 401 without a valid token
    verified,  // 403 email_not_verified
    admin,     // 403 forbidden
};

/// Rate limit classes (settings RATE_LIMIT_<CLASS>). `none` is for health and static files.
/// `refresh_session` is counted beside `refresh` by the route itself; no route declares it.
enum class Rate { none, auth, write, read, export_, websocket, refresh, refresh_session };

/// The rest of a declaration, beside types and path. Strings have static storage.
struct Meta {
    std::string_view id;      // operationId, unique
    std::string_view summary; // one line
    std::string_view description = {};
    std::string_view tag = {};
    Access access = Access::verified;
    std::optional<Rate> rate = {}; // default: read for GET, write otherwise
    int success = 200;
    bool etag = false;       // strong ETag over the body, If-None-Match answered with 304
    bool paged = false;      // documents X-Total-Count and Link
    bool idempotent = false; // takes Idempotency-Key
    bool hidden = false;     // not in the OpenAPI document
    bool no_store = false;   // Cache-Control: no-store, which routes that need a token have anyway
    std::size_t body_limit = 1 << 20;
    std::vector<ErrorCode> problems = {}; // of the handler; those that follow from the declaration are added automatically
    std::string_view redirect = {};       // where a 302 leads and when, for the document; empty: there is none
    std::string_view consumes = {};       // the type of a body that the handler reads itself (Call::body), for the document
    std::string_view produces = {};       // the type of a Raw or Stream answer, for the document
};

struct NoContent {};

/// A body that is not JSON.
struct Raw {
    std::string content_type;
    std::string body;
};

/// A body produced piece by piece; the connection pulls the next piece when the last one is sent, and destroys the
/// source when the client disconnects.
struct Stream {
    std::string content_type;
    std::string filename; // empty: no Content-Disposition
    std::function<Task<std::optional<std::string>>()> next;
};

template <class T>
struct Reply {
    T body{};
    Headers headers{};
    int status = 0; // 0: the status of the declaration

    Reply() = default;
    Reply(T value) : body{std::move(value)} {} // NOLINT: handlers return the value itself
    Reply(T value, Headers extra, int with_status = 0) : body{std::move(value)}, headers{std::move(extra)}, status{with_status} {}
};

template <class T>
struct Path {
    T value;
    const T* operator->() const noexcept { return &value; }
};
template <class T>
struct Query {
    T value;
    const T* operator->() const noexcept { return &value; }
};
template <class T>
struct Body {
    T value;
    T* operator->() noexcept { return &value; }
};

/// The path of an object by id; "12abc" is 404.
struct IdPath {
    std::int64_t id;

    static constexpr json::FieldDoc k_docs[] = {{"id", "The object's id.", "17"}}; // NOLINT
};

/// `skip` and `limit` of lists.
struct PageQuery {
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 100>, 50> limit;

    static constexpr json::FieldDoc k_docs[] = {{"skip", "How many entries to leave out."},
                                                {"limit", "How many entries to give."}}; // NOLINT
};

/// The opaque cursors of the next and previous page; empty: there is no such page.
struct PageCursors {
    std::string next;
    std::string previous;
};

/// X-Total-Count and the RFC 8288 Link of one page of a list: `next` and `prev` with the other parameters of the call
/// kept.
[[nodiscard]] Headers page_headers(const Call& call, std::int64_t total, std::int64_t skip, std::int64_t limit);
[[nodiscard]] Headers page_headers(const Call& call, std::int64_t total, const PageCursors& cursors);

/// The array of a list route with X-Total-Count and Link headers for the page that `call` asked for.
template <class T>
[[nodiscard]] Reply<std::vector<T>> paged(const Call& call, std::vector<T> items, std::int64_t total, std::int64_t skip,
                                          std::int64_t limit) {
    return {std::move(items), page_headers(call, total, skip, limit)};
}
template <class T>
[[nodiscard]] Reply<std::vector<T>> paged(const Call& call, std::vector<T> items, std::int64_t total, const PageCursors& cursors) {
    return {std::move(items), page_headers(call, total, cursors)};
}

using Handler = std::function<Task<Response>(Call&)>;

/// The types of input and output, described on demand. Null: there is no such part.
struct Signature {
    using Fields = std::vector<json::FieldSchema> (*)(json::Schemas& all);
    using Describe = json::Schema (*)(json::Schemas& all);
    enum class Out { json, nothing, raw, stream, websocket };

    Fields path = nullptr;
    Fields query = nullptr;
    Describe body = nullptr;
    bool body_required = true;
    Describe reply = nullptr;
    Out out = Out::json;
};

/// One endpoint, as the router and the OpenAPI document use it.
struct Endpoint {
    Method method;
    std::string pattern; // "/api/blocked/{id}"
    Meta meta;
    Handler handler;
    std::vector<std::string_view> integer_params; // path parameters that only match digits
    Signature signature;
    std::string label; // "GET /api/blocked/{id}"

    [[nodiscard]] Rate rate() const { return meta.rate.value_or(method == Method::get ? Rate::read : Rate::write); }
};

/// All endpoints, collected by app from the modules.
class Routes {
  public:
    template <class F>
    void get(std::string_view pattern, Meta meta, F handler) {
        add(Method::get, pattern, std::move(meta), std::move(handler));
    }
    template <class F>
    void post(std::string_view pattern, Meta meta, F handler) {
        add(Method::post, pattern, std::move(meta), std::move(handler));
    }
    template <class F>
    void put(std::string_view pattern, Meta meta, F handler) {
        add(Method::put, pattern, std::move(meta), std::move(handler));
    }
    template <class F>
    void patch(std::string_view pattern, Meta meta, F handler) {
        add(Method::patch, pattern, std::move(meta), std::move(handler));
    }
    template <class F>
    void del(std::string_view pattern, Meta meta, F handler) {
        add(Method::delete_, pattern, std::move(meta), std::move(handler));
    }
    /// A GET whose handler returns an Upgrade: the connection becomes a WebSocket. A token may also come as the query's
    /// `token` or as the sub-protocol `bearer.<token>`, since browsers can't set headers there.
    template <class F>
    void websocket(std::string_view pattern, Meta meta, F handler) {
        add(Method::get, pattern, std::move(meta), std::move(handler));
    }
    /// A GET whose handler makes the whole answer itself: files, redirects, pages.
    void serve(std::string_view pattern, Meta meta, Handler handler);

    [[nodiscard]] const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }

  private:
    template <class F>
    void add(Method method, std::string_view pattern, Meta meta, F handler);
    void add_endpoint(Endpoint endpoint);

    std::vector<Endpoint> endpoints_;
};

} // namespace focus::http

#include "core/http/handler.hpp"
