#include "core/http/pipeline.hpp"

#include "core/async/run.hpp"
#include "core/base/asker.hpp"
#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"
#include "core/http/gzip.hpp"
#include "core/http/headers.hpp"
#include "core/http/target.hpp"
#include "core/http/websocket_request.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <exception>
#include <random>

namespace focus::http {
namespace {

constexpr std::size_t k_min_compressed = 1024;
constexpr std::size_t k_least_piece = 4096; // of a body that is unpacked
constexpr int k_busy_retry_s = 2;
/// A refused attempt to authenticate is answered after this delay: the cost of guessing on every connection that an
/// attacker may open becomes negligible for other clients, and users do not notice the delay.
constexpr std::chrono::milliseconds k_refused_attempt_pause{100};

/// 16 hexadecimal digits; unique enough to find a line in a log, not secret.
void make_request_id(std::string& id) {
    thread_local std::mt19937_64 generator{std::random_device{}()};
    std::array<char, 16> digits;
    digits.fill('0');
    const auto value = generator();
    const auto length = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr - digits.data();
    std::ranges::rotate(digits, digits.begin() + length);
    id.assign(digits.data(), digits.size());
}

std::chrono::nanoseconds elapsed(const Exchange& x) { return std::chrono::steady_clock::now() - x.started; }

void append_padded(std::string& out, std::int64_t value, int digits) {
    std::array<char, 20> buffer;
    const auto length = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr - buffer.data();
    out.append(static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, digits - length)), '0');
    out.append(buffer.data(), static_cast<std::size_t>(length));
}

void append_line(std::string& head, std::string_view name, std::string_view value) {
    ((head += name) += ": ") += value;
    head += "\r\n";
}

/// Also true for a parameter without a value.
bool has_header(const Exchange& x, std::string_view name) {
    return std::ranges::any_of(x.fields_, [name](const Field& field) { return equal_ignoring_case(field.name, name); });
}

bool is_compressible(std::string_view type) {
    return type.starts_with("application/json") || type.starts_with("application/problem+json") || type.starts_with("text/") ||
           type.starts_with("image/svg") || type.starts_with("application/javascript");
}

bool is_watching(const Exchange& x) { return x.encoded_path.starts_with("/api/health") || x.encoded_path == "/metrics"; }

/// Whether the answer differs by Accept-Encoding, for `Vary`.
bool is_negotiated(const Response& response) {
    return response.bytes().size() >= k_min_compressed && is_compressible(response.type()) && response.header("Content-Encoding").empty() &&
           response.header("ETag").empty(); // a handler with an ETag of its own has chosen the coding
}

/// For whom the handler works: the user, or the network of a client without an account.
Asker asker(const Exchange& x) { return x.caller_ ? asker_user(x.caller_->user_id) : asker_network(network_of(x.origin_.ip)); }

/// The rest of a streamed answer is made on `executor`, too.
Source on_executor(boost::asio::any_io_executor executor, Source source) {
    return [executor = std::move(executor), source = std::move(source)]() -> Task<std::optional<std::string>> {
        return async::run_on(executor, source());
    };
}

} // namespace

Pipeline::Pipeline(const Options& options, Hooks hooks, const Routes& routes, metrics::Registry& registry)
    : hooks_{std::move(hooks)}, cors_origins_{options.cors_origins}, allowed_hosts_{options.allowed_hosts},
      trusted_{options.trusted_proxies}, router_{routes.endpoints()}, is_tls_{!options.tls_cert_file.empty()},
      metrics_{registry, routes.endpoints()} {}

// The middlewares, outermost first:
//   1. request id        identify()        every later step can name the request
//   2. access log        finish()          one line for every request, whatever its result
//   3. metrics           began(), finish() by route pattern, so routing comes before
//   4. CORS              append_headers()  on every answer, also on errors, or browsers hide them; preflight ends here
//   5. security headers  append_headers()
//   6. error mapping     the catch blocks  every exception of the steps below becomes a problem
//   7. caller            recognise()       refuses no request yet: the rate limit is per user for authenticated ones
//   8. rate limit        limit_rate()      before access, so that guessing tokens is limited too
//   9. access            check_access()    before the body, which is not read without access; WebSockets require it
//  10. body              read_body()       limit of the route, 100-continue, gzip
//  11. executor          answer()          names the user or network to the database's fair queue
//  12. idempotency       run_idempotent()  after access, because keys belong to users
//  13. handler           handler()
//  14. ETag, gzip        refine()          on what will be sent
Task<void> Pipeline::serve(Exchange& x) {
    if (route(x)) {
        metrics_.began(x.endpoint_index);
        try {
            if (hooks_.authenticate) co_await recognise(x);
            if (hooks_.rate_limiter != nullptr && x.endpoint->rate() != Rate::none) co_await limit_rate(x);
            check_access(x);
            if (x.endpoint->signature.out == Signature::Out::websocket) require_upgrade(x);
            if (x.has_body) co_await read_body(x);
            if (x.endpoint->rate() == Rate::none) { // health, files: no fair queue
                x.response = co_await x.endpoint->handler(x);
            } else {
                const auto executor = on_behalf_of(asker(x), co_await boost::asio::this_coro::executor);
                co_await async::run_on(executor, answer(x));
                if (x.response.source) x.response.source = on_executor(executor, std::move(x.response.source));
            }
        } catch (const Refused& refused) {
            x.response = problem(*refused.refusal, x.language(), x.origin_.request_id);
            if (refused.refusal == &refusals::too_large)
                x.response = problem(body_too_large(x.endpoint->meta.body_limit), x.language(), x.origin_.request_id);
            else if (refused.refusal == &refusals::not_authenticated)
                x.response.headers.emplace_back("WWW-Authenticate", "Bearer");
            else if (refused.refusal == &refusals::invalid_token)
                x.response.headers.emplace_back("WWW-Authenticate", "Bearer error=\"invalid_token\"");
            else if (refused.refusal == &refusals::unsupported_encoding)
                x.response.headers.emplace_back("Accept-Encoding", "gzip");
            else if (refused.refusal == &refusals::upgrade_required)
                x.response.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}};
            else if (refused.refusal == &refusals::rate_limited)
                x.response.headers.emplace_back("Retry-After", std::to_string(x.rate.retry_after_s));
            else if (refused.refusal == &refusals::busy)
                x.response.headers.emplace_back("Retry-After", std::to_string(k_busy_retry_s));
        } catch (const Error& error) {
            // The headers of the handler's own limit, not those of the limit that let the request through.
            if (error.kind() == ErrorKind::rate_limited && error.retry_after_s())
                x.rate = {.allowed = false, .limit = 1, .remaining = 0, .reset_s = *error.retry_after_s()};
            if (!error.cause().empty())
                log::warning("request failed", {{"cause", error.cause()}, {"code", error.code()}, {"request_id", x.origin_.request_id}});
            x.response = problem(error, x.language(), x.origin_.request_id);
        } catch (const std::exception& defect) {
            log::error("unexpected exception",
                       {{"what", defect.what()}, {"route", x.endpoint->label}, {"request_id", x.origin_.request_id}});
            x.response = problem(refusals::internal_error, x.language(), x.origin_.request_id);
        }
        if (x.response.status == 429) {
            if (hooks_.on_rate_limited) co_await hooks_.on_rate_limited(x.endpoint->rate(), x);
            if (x.endpoint->rate() == Rate::auth) {
                boost::asio::steady_timer pause{co_await boost::asio::this_coro::executor, k_refused_attempt_pause};
                co_await pause.async_wait(boost::asio::use_awaitable);
            }
        }
    }
    refine(x);
}

/// Monitoring connects by address, so health and metrics answer under any host name.
bool Pipeline::is_for_us(const Exchange& x) const {
    return allowed_hosts_.empty() || is_allowed_host(x.host, allowed_hosts_) || is_watching(x);
}

bool Pipeline::route(Exchange& x) const {
    const auto refuse_with = [&](const Refusal& refusal) {
        x.response = problem(refusal, x.language(), x.origin_.request_id);
        return false;
    };
    if (!is_for_us(x)) return refuse_with(refusals::wrong_host);
    if (hooks_.open != nullptr && !hooks_.open->load(std::memory_order_relaxed) && !is_watching(x)) {
        refuse_with(refusals::starting);
        x.response.headers.emplace_back("Retry-After", "5");
        return false;
    }
    if (x.method == "OPTIONS") {
        answer_options(x);
        return false;
    }
    x.is_head = x.method == "HEAD";
    std::optional<Method> method;
    for (const auto known : {Method::get, Method::post, Method::put, Method::patch, Method::delete_})
        if (x.method == to_string(known)) method = known;
    if (x.is_head) method = Method::get;
    Router::Match match;
    if (method)
        match = router_.match(*method, x.encoded_path, x.path_params_);
    else
        match.outcome = router_.allowed(x.encoded_path).empty() ? Router::Outcome::no_path : Router::Outcome::no_method;
    switch (match.outcome) {
    case Router::Outcome::found:
        break;
    case Router::Outcome::no_path:
        if (method == Method::get && hooks_.page_for_unknown) {
            if (auto page = hooks_.page_for_unknown(x, x.encoded_path)) {
                x.response = std::move(*page);
                return false;
            }
        }
        return refuse_with(refusals::not_found);
    case Router::Outcome::bad_encoding:
        return refuse_with(refusals::bad_encoding);
    case Router::Outcome::no_method:
        refuse_with(refusals::method_not_allowed);
        x.response.headers.emplace_back("Allow", router_.allowed(x.encoded_path));
        return false;
    }
    x.endpoint = match.endpoint;
    x.endpoint_index = match.index;
    x.origin_.endpoint = match.endpoint->label;
    return true;
}

void Pipeline::answer_options(Exchange& x) const {
    auto allowed = x.encoded_path == "*" ? std::string{"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"} : router_.allowed(x.encoded_path);
    if (allowed.empty()) {
        x.response = problem(refusals::not_found, x.language(), x.origin_.request_id);
        return;
    }
    x.response.status = 204;
    if (!x.header("Access-Control-Request-Method").empty() && is_allowed_origin(x.header("Origin"))) {
        x.response.headers.emplace_back("Access-Control-Allow-Methods", allowed);
        x.response.headers.emplace_back("Access-Control-Allow-Headers",
                                        "Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-None-Match, X-Request-Id");
        x.response.headers.emplace_back("Access-Control-Max-Age", "600");
    }
    x.response.headers.emplace_back("Allow", std::move(allowed));
}

void Pipeline::refuse(Exchange& x, const Refusal& refusal) { x.response = problem(refusal, x.language(), x.origin_.request_id); }

void Pipeline::identify(Exchange& x, const AddressBytes& peer, std::string_view peer_text, bool is_tls) const {
    const auto id = x.header("X-Request-Id");
    if (is_sane_request_id(id))
        x.origin_.request_id = id;
    else
        make_request_id(x.origin_.request_id);
    x.origin_.user_agent = x.header("User-Agent").substr(0, 255);
    x.is_secure_ = is_tls;
    if (trusted_.empty() || !trusted_.contains(peer)) {
        x.origin_.ip = peer_text;
        return;
    }
    std::string hops;
    std::string forwarded;
    for (const auto& field : x.fields_) { // of repeated headers every line counts, in order
        auto* list = equal_ignoring_case(field.name, "X-Forwarded-For") ? &hops
                     : equal_ignoring_case(field.name, "Forwarded")     ? &forwarded
                                                                        : nullptr;
        if (list == nullptr) continue;
        if (!list->empty()) *list += ',';
        *list += field.value;
    }
    const auto client = client_behind(peer, {hops, x.header("X-Forwarded-Proto"), forwarded}, trusted_);
    x.origin_.ip = to_text(client.address);
    x.is_secure_ = client.secure.value_or(is_tls);
}

Task<void> Pipeline::recognise(Exchange& x) const {
    x.has_token = !x.header("Authorization").empty();
    if (x.endpoint->signature.out == Signature::Out::websocket) {
        auto token = websocket_token(x);
        x.has_token = x.has_token || !token.empty();
        if (!token.empty()) x.caller_ = co_await hooks_.authenticate(std::move(token));
        co_return;
    }
    const auto bearer = parse_bearer(x.header("Authorization"));
    if (bearer.kind == Bearer::Kind::token) x.caller_ = co_await hooks_.authenticate(std::string{bearer.token});
}

/// A /48 has the allowance of this many networks.
constexpr int k_site_factor = 10;

Task<void> Pipeline::limit_rate(Exchange& x) const {
    const auto rate = x.endpoint->rate();
    // Sign-in and refresh are limited per address for all clients, all else per user where there is one.
    const bool by_user = x.caller_ && rate != Rate::auth && rate != Rate::refresh;
    x.rate_key = by_user ? "user:" + std::to_string(x.caller_->user_id) : "ip:" + network_of(x.origin_.ip);
    x.limiter = hooks_.rate_limiter;
    x.rate = co_await x.limiter->check(rate, x.rate_key, 1, 1);
    if (!x.rate.allowed) throw Refused{&refusals::rate_limited};
    if (by_user) co_return;
    // A client with a whole /48 could use another network for each request. The /48 is checked second, so that a
    // refused network does not use up the allowance that the other networks of the /48 share.
    const auto address = parse_address(x.origin_.ip);
    const auto site = address ? site_of(*address) : std::nullopt;
    if (!site) co_return;
    const auto shared = co_await hooks_.rate_limiter->check(rate, "site:" + to_text(*site), k_site_factor, 1);
    if (!shared.allowed || shared.remaining < x.rate.remaining) x.rate = shared;
    if (!x.rate.allowed) throw Refused{&refusals::rate_limited};
}

Task<void> Exchange::charge(int more) {
    if (limiter == nullptr) co_return;
    more = std::min(more, rate.limit - 1); // a full bucket allows every request
    if (more <= 0) co_return;
    rate = co_await limiter->check(endpoint->rate(), rate_key, 1, more);
    if (!rate.allowed) throw Refused{&refusals::rate_limited};
}

void Pipeline::check_access(const Exchange& x) const {
    const auto access = x.endpoint->meta.access;
    if (access == Access::nobody) return;
    if (!x.caller_) throw Refused{x.has_token ? &refusals::invalid_token : &refusals::not_authenticated};
    if (access == Access::signed_in) return;
    if (!x.caller_->is_verified) throw Refused{&refusals::email_not_verified};
    if (access == Access::admin && x.caller_->role != Role::admin) throw Refused{&refusals::forbidden};
}

Task<void> Pipeline::read_body(Exchange& x) const {
    const auto limit = x.endpoint->meta.body_limit;
    const auto coding = x.header("Content-Encoding");
    const bool plain = coding.empty() || equal_ignoring_case(coding, "identity");
    if (!plain && !equal_ignoring_case(coding, "gzip") && !equal_ignoring_case(coding, "x-gzip"))
        throw Refused{&refusals::unsupported_encoding};
    if (x.caller_)
        x.body_share.belongs_to_user(x.caller_->user_id);
    else
        x.body_share.belongs_to_network(parse_address(x.origin_.ip).value_or(AddressBytes{}));
    co_await x.reader->read_body(x.body_, limit);
    if (!plain) co_await unzip_body(x, limit);
}

Task<void> Pipeline::unzip_body(Exchange& x, std::size_t limit) {
    const std::string compressed = std::exchange(x.body_, {});
    const auto beside = compressed.capacity() + Gunzip::k_own_memory; // held until the body is complete
    if (!x.body_share.resize(beside)) throw Refused{&refusals::busy};
    Gunzip gunzip{compressed};
    for (;;) {
        const auto wanted = std::min(limit + 1, x.body_.size() + k_least_piece);
        if (!make_room(x.body_, wanted, limit + 1, x.body_share, beside)) throw Refused{&refusals::busy};
        const auto piece = std::min(Gunzip::k_step, x.body_.capacity() - x.body_.size());
        switch (gunzip.step(x.body_, limit, piece)) {
        case Gunzip::State::done:
            static_cast<void>(x.body_share.resize(x.body_.capacity())); // less than before
            co_return;
        case Gunzip::State::broken:
            throw Refused{&refusals::bad_gzip};
        case Gunzip::State::too_large:
            throw Refused{&refusals::too_large};
        case Gunzip::State::more:
            break;
        }
        co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable); // others run meanwhile
    }
}

Task<void> Pipeline::answer(Exchange& x) {
    if (x.endpoint->meta.idempotent && hooks_.idempotency != nullptr && has_header(x, "Idempotency-Key"))
        co_await run_idempotent(x, std::string{x.header("Idempotency-Key")});
    else
        x.response = co_await x.endpoint->handler(x);
}

void Pipeline::refine(Exchange& x) const {
    auto& response = x.response;
    if (response.source) return;
    if (response.status >= 300 && response.status < 400) { // a redirect has no body
        response.body.clear();
        response.content_type = {};
    }
    const bool negotiated = is_negotiated(response);
    const bool zipped = negotiated && accepts_coding(x.header("Accept-Encoding"), "gzip");
    if (x.endpoint != nullptr && x.endpoint->meta.etag && response.status == 200) {
        auto tag = '"' + crypto::base64url_encode(std::string_view{crypto::sha256(response.bytes())}.substr(0, 16));
        const auto condition = x.header("If-None-Match");
        const bool same = !condition.empty() && (matches_etag(condition, tag + '"') || matches_etag(condition, tag + "-gz\""));
        response.headers.emplace_back("ETag", tag + (zipped ? "-gz\"" : "\"")); // each coding is a representation of its own
        if (response.header("Cache-Control").empty()) response.headers.emplace_back("Cache-Control", "private, no-cache");
        if (same) {
            response.status = 304;
            response.body.clear();
            response.shared_body = {};
            response.content_type = {};
            response.owned_type.clear();
        }
    }
    if (negotiated) response.headers.emplace_back("Vary", "Accept-Encoding");
    if (zipped && response.status != 304) {
        response.body = x.gzip->compress(response.bytes());
        response.shared_body = {};
        response.headers.emplace_back("Content-Encoding", "gzip");
    }
}

bool Pipeline::is_allowed_origin(std::string_view origin) const { return !origin.empty() && std::ranges::contains(cors_origins_, origin); }

void Pipeline::append_cors(std::string& head, const Exchange& x) const {
    if (cors_origins_.empty()) return;
    head += "Vary: Origin\r\n";
    const auto origin = x.header("Origin");
    if (!is_allowed_origin(origin)) return;
    append_line(head, "Access-Control-Allow-Origin", origin);
    head += "Access-Control-Allow-Credentials: true\r\n"
            "Access-Control-Expose-Headers: X-Request-Id, X-Total-Count, Link, ETag, Location, Retry-After, RateLimit-Limit, "
            "RateLimit-Remaining, RateLimit-Reset, Idempotency-Replayed, X-Process-Time, Server-Timing, Content-Disposition\r\n";
}

void Pipeline::append_headers(std::string& head, const Exchange& x) const {
    append_line(head, "X-Request-Id", x.origin_.request_id);
    // Milliseconds: finer values than the network's noise would reveal what a client cannot measure.
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed(x)).count();
    head += "X-Process-Time: ";
    append_padded(head, millis / 1000, 1);
    head += '.';
    append_padded(head, millis % 1000, 3);
    head += "\r\nServer-Timing: total;dur=";
    append_padded(head, millis, 1);
    head += "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Opener-Policy: same-origin\r\n"
            "Permissions-Policy: accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()\r\n";
    // With CORS the browser decides by origin; without, no page of another origin may even embed an answer.
    head += cors_origins_.empty() ? "Cross-Origin-Resource-Policy: same-origin\r\n" : "Cross-Origin-Resource-Policy: cross-origin\r\n";
    if (x.response.header("Content-Security-Policy").empty())
        head += "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
    if (is_tls_ || x.is_secure_) head += "Strict-Transport-Security: max-age=31536000\r\n";
    const bool is_private = x.endpoint != nullptr && (x.endpoint->meta.no_store || x.endpoint->meta.access != Access::nobody);
    if (is_private && x.response.header("Cache-Control").empty()) head += "Cache-Control: no-store\r\n";
    append_cors(head, x);
    if (x.rate.limit > 0) {
        append_line(head, "RateLimit-Limit", std::to_string(x.rate.limit));
        append_line(head, "RateLimit-Remaining", std::to_string(x.rate.remaining));
        append_line(head, "RateLimit-Reset", std::to_string(x.rate.reset_s));
    }
}

void Pipeline::finish(const Exchange& x, std::size_t bytes_sent, bool complete) const {
    const auto taken = elapsed(x);
    const auto status = x.response.status;
    metrics_.ended(x.endpoint != nullptr ? x.endpoint_index : RequestMetrics::k_no_route, x.method, status, x.response.error_code,
                   std::chrono::duration<double>(taken).count());
    if (log::level() > log::Level::info) return;
    log::info("request", {{"method", x.method},
                          {"route", x.endpoint != nullptr ? std::string_view{x.endpoint->pattern} : std::string_view{"-"}},
                          {"target", log::redact(x.target_)},
                          {"status", std::int64_t{status}},
                          {"code", x.response.error_code}, // of an error
                          {"bytes", static_cast<std::int64_t>(bytes_sent)},
                          {"complete", complete},
                          {"ms", std::chrono::duration<double, std::milli>(taken).count()},
                          {"user", x.caller_ ? x.caller_->user_id : std::int64_t{0}},
                          {"ip", std::string_view{x.origin_.ip}},
                          {"agent", std::string_view{x.origin_.user_agent}},
                          {"request_id", std::string_view{x.origin_.request_id}}});
}

} // namespace focus::http
