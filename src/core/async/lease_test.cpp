#include "core/async/lease.hpp"

#include "core/async/run.hpp"
#include "core/base/error.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

namespace focus::async {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

Task<> sleep(milliseconds time) {
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

class LeaseTest : public ::testing::Test {
  protected:
    Lease make(milliseconds length, Lease::Renew renew) { return Lease{io_.get_executor(), "test", length, std::move(renew)}; }
    static Task<bool> becomes_lost(const Lease& lease) {
        for (int i = 0; i < 2'000 && !lease.is_lost(); ++i) co_await sleep(5ms);
        co_return lease.is_lost();
    }
    void run(Task<> task) { block_on(io_, std::move(task)); }

    asio::io_context io_;
    int renewals_ = 0;
};

TEST_F(LeaseTest, IsKeptWhileTheWorkTakes) {
    const auto body = [&]() -> Task<> {
        auto lease = make(600ms, [this]() -> Task<bool> {
            ++renewals_;
            co_return true;
        });
        while (renewals_ < 4) co_await sleep(5ms); // longer than its length
        EXPECT_FALSE(lease.is_lost());
        co_await lease.end();
        const int then = renewals_;
        co_await sleep(250ms);
        EXPECT_EQ(renewals_, then);
    };
    run(body());
}

TEST_F(LeaseTest, IsLostToAnotherForGood) {
    const auto body = [&]() -> Task<> {
        auto lease = make(300ms, [this]() -> Task<bool> { co_return ++renewals_ != 1; });
        EXPECT_TRUE(co_await becomes_lost(lease));
        while (renewals_ < 3) co_await sleep(5ms);
        EXPECT_TRUE(lease.is_lost()) << "although renewals succeed again";
        co_await lease.end();
    };
    run(body());
}

TEST_F(LeaseTest, IsLostWhenItCannotBeRenewedInTime) {
    const auto body = [&]() -> Task<> {
        auto lease = make(60ms, [this]() -> Task<bool> {
            ++renewals_;
            throw unavailable("the database is away");
            co_return true;
        });
        EXPECT_FALSE(lease.is_lost());
        EXPECT_TRUE(co_await becomes_lost(lease));
        EXPECT_GE(renewals_, 1);
        co_await lease.end();
    };
    run(body());
}

TEST_F(LeaseTest, AnEndWaitsForTheRenewalUnderWay) {
    bool finished = false;
    const auto body = [&]() -> Task<> {
        auto lease = make(30ms, [&]() -> Task<bool> {
            ++renewals_;
            co_await sleep(50ms);
            finished = true;
            co_return true;
        });
        while (renewals_ < 1) co_await sleep(1ms);
        co_await lease.end();
        EXPECT_TRUE(finished);
    };
    run(body());
}

} // namespace
} // namespace focus::async
