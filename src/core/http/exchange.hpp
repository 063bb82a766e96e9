// Exchange: one request and its answer on the way through the pipeline. Belongs to a connection, which fills in what it
// read and sends the response; reused from request to request, so that its buffers are.
#pragma once

#include "core/http/body_memory.hpp"
#include "core/http/call.hpp"
#include "core/http/gzip.hpp"
#include "core/http/problem.hpp"
#include "core/http/rate_limiter.hpp"
#include "core/http/routes.hpp"

#include <chrono>

namespace focus::http {

/// Thrown inside the pipeline for what the protocol refuses; becomes a problem like any other error.
struct Refused {
    const Refusal* refusal;
};

/// Where the body comes from, should somebody want it.
class BodyReader {
  public:
    /// Reads the whole body as it came over the wire. Throws Refused when it is longer than `limit`, broken or too slow.
    virtual Task<void> read_body(std::string& into, std::size_t limit) = 0;

  protected:
    ~BodyReader() = default;
};

class Exchange final : public Call {
    static constexpr std::size_t k_kept_body = 4096; // the buffer that an idle connection keeps

  public:
    explicit Exchange(BodyMemory& bodies) : body_share{bodies} {}

    // the request, by the connection
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
    std::string_view host;         // that the request is for: of an absolute-form target, else the Host header
    bool has_body = false;
    BodyMemory::Share body_share; // of what body_ takes
    std::chrono::steady_clock::time_point started;
    BodyReader* reader = nullptr;
    Gzip* gzip = nullptr;

    // found out on the way
    const Endpoint* endpoint = nullptr;
    std::size_t endpoint_index = 0;
    bool has_token = false;         // good or not
    bool is_head = false;           // HEAD: answered as GET, sent without the body
    RateLimiter* limiter = nullptr; // nothing: this route has no limit
    std::string rate_key;
    RateDecision rate;

    Response response;

    Task<void> charge(int more) override;

    /// The body is not needed any more.
    void release_body() {
        body_.clear();
        if (body_.capacity() > k_kept_body) body_.shrink_to_fit();
        body_share.release();
    }
    /// Ready for the next request of the same connection.
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
