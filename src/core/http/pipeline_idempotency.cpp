// Step 12 of the pipeline: requests with an Idempotency-Key.
#include "core/crypto/crypto.hpp"
#include "core/http/headers.hpp"
#include "core/http/pipeline.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>

namespace focus::http {
namespace {

/// A repeat's commit may become visible a little after it conflicted with this request.
constexpr int k_repeat_tries = 20;
constexpr std::chrono::milliseconds k_repeat_pause{25};
constexpr std::chrono::milliseconds k_running_pause{5};

} // namespace

/// Sends the answer that is stored for the request; false when there is none yet.
Task<bool> Pipeline::replay(Exchange& x, IdempotencyStore::Request request) const {
    auto found = co_await hooks_.idempotency->find(std::move(request));
    if (std::holds_alternative<IdempotencyStore::Mismatch>(found)) throw Refused{&refusals::idempotency_key_reused};
    if (auto* fresh = std::get_if<IdempotencyStore::Fresh>(&found)) {
        x.origin_.request_key = std::move(fresh->key);
        co_return false;
    }
    auto& stored = std::get<IdempotencyStore::Stored>(found);
    x.response = {.status = stored.status, .content_type = k_json, .body = std::move(stored.body)};
    x.response.headers.emplace_back("Idempotency-Replayed", "true");
    co_return true;
}

/// Waits until no request with this key runs in this process.
Task<void> Pipeline::wait_for_running(std::string name) const {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
    while (running_keys_.contains(name)) {
        timer.expires_after(k_running_pause);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
}

Task<void> Pipeline::run_idempotent(Exchange& x, std::string key) {
    if (!is_sane_idempotency_key(key)) throw Refused{&refusals::invalid_idempotency_key};
    std::string what{x.target_};
    (what += '\n') += x.body_;
    const IdempotencyStore::Request request{.user_id = x.caller_ ? x.caller_->user_id : 0,
                                            .route = x.endpoint->label,
                                            .key = std::move(key),
                                            .body_hash = crypto::sha256(what),
                                            .network = x.caller_ ? std::string{} : network_of(x.origin_.ip)};
    if (co_await replay(x, request)) co_return;
    const auto name = std::to_string(request.user_id) + ' ' + request.network + ' ' + request.route + ' ' + request.key;
    auto run = running_keys_.enter_alone(name);
    if (!run) {
        co_await wait_for_running(name);
        if (co_await replay(x, request)) co_return;
        run.emplace(running_keys_.enter(name)); // the first request failed
    }
    std::exception_ptr failure;
    bool is_collision = false;
    try {
        x.response = co_await x.endpoint->handler(x);
    } catch (const Refused&) { // by Call::charge
        throw;
    } catch (const Error&) {
        failure = std::current_exception();
    } catch (...) { // most likely a unique key that a repeat of this request has inserted
        failure = std::current_exception();
        is_collision = true;
    }
    if (failure) { // possibly because a repeat was faster: its answer is stored then, or soon will be
        run.reset();
        co_await wait_for_running(name);
        boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
        for (int tries = is_collision ? k_repeat_tries : 1; tries > 0; --tries) {
            if (co_await replay(x, request)) co_return;
            timer.expires_after(k_repeat_pause);
            if (tries > 1) co_await timer.async_wait(boost::asio::use_awaitable);
        }
        std::rethrow_exception(failure);
    }
    IdempotencyStore::Stored answer{x.response.status, std::string{x.response.bytes()}};
    co_await hooks_.idempotency->finish(x.origin_.request_key, std::move(answer));
}

} // namespace focus::http
