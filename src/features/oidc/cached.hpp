// A document of a provider (its discovery document, its keys), fetched when needed and cached for some time.
// Always holds: one fetch at a time for any number of callers; a forced fetch (the document lacked something) starts
// at most once per pause, so that invalid tokens don't overload the provider; a document that can't be fetched again is
// used for a day. Safe from any thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace focus::oidc {

template <class T>
class Cached {
  public:
    using Document = std::shared_ptr<const T>;
    using Duration = std::chrono::steady_clock::duration;
    struct Times {
        Duration fresh = std::chrono::hours{1};
        Duration pause = std::chrono::seconds{10}; // between forced fetches
        Duration stale = std::chrono::hours{24};
    };
    Cached(std::function<boost::asio::awaitable<T>()> fetch, Times times) : fetch_{std::move(fetch)}, times_{times} {}

    /// The document. `lacking` is one that lacked something for a caller: a newer one, if there may be one, else the same
    /// again. Throws what the fetch throws.
    boost::asio::awaitable<Document> get(Document lacking = nullptr) {
        for (;;) {
            auto [action, document] = decide(lacking);
            if (action == Action::use) co_return document;
            if (action == Action::fetch) break;
            // Another caller fetches; its result is shared. Polling is a simple and cheap way to wait across threads here.
            boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, std::chrono::milliseconds{20}};
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
        const Fetching fetching{*this}; // also ends when the caller is destroyed meanwhile
        Document fetched;
        std::exception_ptr failure;
        try {
            auto task = fetch_();
            fetched = std::make_shared<const T>(co_await std::move(task));
        } catch (...) {
            failure = std::current_exception();
        }
        co_return finish(std::move(fetched), lacking, failure);
    }

  private:
    using Time = std::chrono::steady_clock::time_point;
    enum class Action { use, wait, fetch };

    struct Fetching {
        Cached& cached;
        ~Fetching() {
            const std::scoped_lock lock{cached.mutex_};
            cached.is_fetching_ = false;
        }
    };

    std::pair<Action, Document> decide(const Document& lacking) {
        const auto now = std::chrono::steady_clock::now();
        const std::scoped_lock lock{mutex_};
        const bool is_lacking = document_ && document_ == lacking;
        if (document_ && !is_lacking && (now - fetched_at_ < times_.fresh || is_fetching_)) return {Action::use, document_};
        if (is_fetching_) return {Action::wait, nullptr};
        if (is_lacking && forced_at_ && now - *forced_at_ < times_.pause) return {Action::use, document_};
        if (is_lacking) forced_at_ = now;
        is_fetching_ = true;
        return {Action::fetch, nullptr};
    }

    Document finish(Document fetched, const Document& lacking, const std::exception_ptr& failure) {
        const auto now = std::chrono::steady_clock::now();
        const std::scoped_lock lock{mutex_};
        if (!failure) {
            document_ = std::move(fetched);
            fetched_at_ = now;
        } else if (!document_ || document_ == lacking || now - fetched_at_ > times_.stale) {
            std::rethrow_exception(failure);
        }
        return document_;
    }

    std::function<boost::asio::awaitable<T>()> fetch_;
    Times times_;
    std::mutex mutex_;
    Document document_;
    Time fetched_at_;
    std::optional<Time> forced_at_;
    bool is_fetching_ = false;
};

} // namespace focus::oidc
