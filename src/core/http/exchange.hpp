// Exchange: one request and its answer in the pipeline. Belongs to a connection, which sets the request and sends the
// response; reused from request to request, so that its buffers are reused too.
#pragma once

#include "core/http/body_memory.hpp"
#include "core/http/call.hpp"
#include "core/http/gzip.hpp"
#include "core/http/problem.hpp"
#include "core/http/rate_limiter.hpp"
#include "core/http/routes.hpp"

#include <chrono>

namespace focus::http {

/// Thrown inside the pipeline for protocol errors; becomes a problem like any other error.
struct Refused {
    const Refusal* refusal;
};

/// Reads the body on demand.
class BodyReader {
  public:
    /// Reads the whole body as it was sent. Throws Refused when it is longer than `limit`, malformed or too slow.
    virtual Task<void> read_body(std::string& into, std::size_t limit) = 0;

  protected:
    ~BodyReader() = default;
};

class Exchange final : public Call {
    static constexpr std::size_t k_kept_body = 4096; // the buffer that an idle connection keeps

  public:
    explicit Exchange(BodyMemory& bodies) : body_share{bodies} {}

    // the request, set by the connection
    using Call::body_;
    using Call::caller_;
    using Call::fields_;
    using Call::is_secure_;
    using Call::now_ms_;
    using Call::origin_;
    using Call::path_params_;
    using Call::query_;
    using Call::target_;
    std::string_view method;       // as sent
    std::string_view encoded_path; // without the query
    std::string_view host;         // the request's host: of an absolute-form target, else the Host header
    bool has_body = false;
    BodyMemory::Share body_share; // of the memory of body_
    std::chrono::steady_clock::time_point started;
    BodyReader* reader = nullptr;
    Gzip* gzip = nullptr;

    // set by the pipeline
    const Endpoint* endpoint = nullptr;
    std::size_t endpoint_index = 0;
    bool has_token = false;         // valid or not
    bool is_head = false;           // HEAD: answered as GET, sent without the body
    RateLimiter* limiter = nullptr; // null: the route has no rate limit
    std::string rate_key;
    RateDecision rate;

    Response response;

    Task<void> charge(int more) override;

    /// The body is no longer needed.
    void release_body() {
        body_.clear();
        if (body_.capacity() > k_kept_body) body_.shrink_to_fit();
        body_share.release();
    }
    /// Prepares for the next request of the same connection.
    void reset() {
        fields_.clear();
        target_ = query_ = method = encoded_path = host = {};
        release_body();
        caller_.reset();
        origin_.request_key.reset();
        path_params_.clear();
        has_body = has_token = is_head = false;
        endpoint = nullptr;
        limiter = nullptr;
        rate = {};
        response = {};
    }
};

} // namespace focus::http
