// Pipeline: processes every request between the connection and the handler, and every answer on its way back.
// The order of the middlewares is the one commented list in pipeline.cpp.
#pragma once

#include "core/http/exchange.hpp"
#include "core/http/forwarded.hpp"
#include "core/http/options.hpp"
#include "core/http/request_metrics.hpp"
#include "core/http/router.hpp"
#include "core/http/running_keys.hpp"

#include <string>
#include <string_view>

namespace focus::http {

class Pipeline {
  public:
    Pipeline(const Options& options, Hooks hooks, const Routes& routes, metrics::Registry& registry);

    /// Makes x.response. Never throws.
    Task<void> serve(Exchange& x);
    /// The answer to an incomplete request: an invalid head, or one that came too slowly.
    void refuse(Exchange& x, const Refusal& refusal);
    /// The answer was sent, or sending failed: access log and metrics.
    void finish(const Exchange& x, std::size_t bytes_sent, bool complete) const;

    /// Sets the client's address and scheme, from the peer's address and the proxies' headers.
    void identify(Exchange& x, const AddressBytes& peer, std::string_view peer_text, bool is_tls) const;
    /// The headers of every answer: request id, timing, CORS, security, caching, rate limits.
    void append_headers(std::string& head, const Exchange& x) const;

  private:
    [[nodiscard]] bool is_for_us(const Exchange& x) const;
    bool route(Exchange& x) const;
    void answer_options(Exchange& x) const;
    Task<void> recognise(Exchange& x) const;
    Task<void> limit_rate(Exchange& x) const;
    void check_access(const Exchange& x) const;
    Task<void> read_body(Exchange& x) const;
    static Task<void> unzip_body(Exchange& x, std::size_t limit);
    Task<void> answer(Exchange& x);
    Task<bool> replay(Exchange& x, IdempotencyStore::Request request) const;
    Task<void> wait_for_running(std::string name) const;
    Task<void> run_idempotent(Exchange& x, std::string key);
    void refine(Exchange& x) const;
    void append_cors(std::string& head, const Exchange& x) const;
    [[nodiscard]] bool is_allowed_origin(std::string_view origin) const;

    Hooks hooks_;
    std::vector<std::string> cors_origins_;
    std::vector<std::string> allowed_hosts_;
    TrustedProxies trusted_;
    Router router_;
    bool is_tls_;
    RequestMetrics metrics_;
    RunningKeys running_keys_;
};

} // namespace focus::http
