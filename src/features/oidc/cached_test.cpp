#include "features/oidc/cached.hpp"

#include "support/cpp/start.hpp"

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace focus::oidc {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

/// A document that counts its fetches; a fetch takes ten milliseconds.
class CachedDocument : public ::testing::Test {
  protected:
    using Document = Cached<int>::Document;

    Cached<int> make(Cached<int>::Times times) {
        return Cached<int>{[this]() -> boost::asio::awaitable<int> {
                               const int number = ++fetches_;
                               boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, std::chrono::milliseconds{10}};
                               co_await timer.async_wait(boost::asio::use_awaitable);
                               if (fails_) throw std::runtime_error{"down"};
                               co_return number;
                           },
                           times};
    }
    Document get(Cached<int>& cached, Document lacking = nullptr) {
        auto result = focus::testing::start(io_, cached.get(std::move(lacking)));
        io_.restart();
        io_.run();
        return result.get();
    }

    boost::asio::io_context io_;
    int fetches_ = 0;
    bool fails_ = false;
};

TEST_F(CachedDocument, IsFetchedOnceForAll) {
    auto cached = make({});
    std::vector<std::future<Document>> all;
    for (int i = 0; i < 5; ++i) all.push_back(focus::testing::start(io_, cached.get()));
    io_.run();
    for (auto& one : all) EXPECT_EQ(*one.get(), 1);
    EXPECT_EQ(*get(cached), 1);
    EXPECT_EQ(fetches_, 1);
}

TEST_F(CachedDocument, IsFetchedAgainWhenItIsOld) {
    auto cached = make({.fresh = seconds{0}});
    EXPECT_EQ(*get(cached), 1);
    EXPECT_EQ(*get(cached), 2);
    fails_ = true;
    EXPECT_EQ(*get(cached), 2) << "an old one is better than none";
    auto strict = make({.fresh = seconds{0}, .stale = seconds{0}});
    fails_ = false;
    get(strict);
    fails_ = true;
    EXPECT_THROW(get(strict), std::runtime_error) << "but not for ever";
}

TEST_F(CachedDocument, IsFetchedAgainForOneWhoMissesSomethingButNotAgainAndAgain) {
    auto cached = make({.pause = hours{1}});
    const auto first = get(cached);
    const auto second = get(cached, first);
    EXPECT_EQ(*second, 2);
    EXPECT_EQ(*get(cached, first), 2) << "somebody else has fetched a newer one meanwhile";
    EXPECT_EQ(get(cached, second), second) << "not within the pause";
    EXPECT_EQ(fetches_, 2);
    auto hasty = make({.pause = seconds{0}});
    const auto old = get(hasty);
    EXPECT_NE(get(hasty, old), old);
}

TEST_F(CachedDocument, ServesAllWhoMissTheSameThingAtOnce) {
    auto cached = make({.pause = hours{1}});
    const auto first = get(cached);
    std::vector<std::future<Document>> all;
    for (int i = 0; i < 5; ++i) all.push_back(focus::testing::start(io_, cached.get(first)));
    io_.restart();
    io_.run();
    for (auto& one : all) EXPECT_EQ(*one.get(), 2);
}

TEST_F(CachedDocument, OutlivesFailuresAndCallersWhoGoAway) {
    auto cached = make({});
    fails_ = true;
    EXPECT_THROW(get(cached), std::runtime_error);
    fails_ = false;
    {
        boost::asio::io_context gone;
        focus::testing::start(gone, cached.get());
        gone.poll(); // the fetch has begun; its caller is destroyed during it
    }
    EXPECT_TRUE(get(cached));
}

} // namespace
} // namespace focus::oidc
