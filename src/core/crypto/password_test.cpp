#include "core/crypto/password.hpp"

#include "core/base/error.hpp"
#include "core/metrics/metrics.hpp"
#include "support/cpp/start.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace focus::crypto {
namespace {

namespace asio = boost::asio;

class Password : public ::testing::Test {
  protected:
    template <class T>
    T wait(asio::awaitable<T> task) {
        auto result = focus::testing::start(context_, std::move(task));
        context_.restart();
        context_.run();
        return result.get();
    }

    asio::io_context context_;
    metrics::Registry metrics_;
    PasswordHasher hasher_{{.cost = 4, .threads = 2}, metrics_};
};

TEST_F(Password, VerifiesItsOwnHashes) {
    const std::string hash = wait(hasher_.hash("Correct-Horse-7"));
    EXPECT_TRUE(hash.starts_with("$2b$04$")) << hash;
    EXPECT_EQ(hash.size(), 60U);
    EXPECT_TRUE(wait(hasher_.verify("Correct-Horse-7", hash)));
    EXPECT_FALSE(wait(hasher_.verify("correct-Horse-7", hash)));
    EXPECT_FALSE(wait(hasher_.verify("", hash)));
    EXPECT_NE(hash, wait(hasher_.hash("Correct-Horse-7"))) << "the salt must change";
}

TEST_F(Password, VerifiesHashesMadeElsewhere) {
    // Made by python3-bcrypt 4.2.0 and passlib 1.7.4 as a FastAPI deployment uses them.
    EXPECT_TRUE(wait(hasher_.verify("Correct-Horse-7", "$2b$12$NEuxmXHgVKpOS7dEdUP4K.lpPcIhAew34r8AEP5.nc.t2689tappy")));
    EXPECT_TRUE(wait(hasher_.verify("Correct-Horse-7", "$2b$12$1F3l/5p3DxR3hESJ9GOR7.oMAi6F9YcqM/wV1PeuFiVkDCAxn.ody")));
    EXPECT_TRUE(wait(hasher_.verify("Pässwörd-été-9", "$2b$12$yf2f/vV4COpnjMRp1Nb//OYYNde8DYiYJyvgvt6Jctgj0yJES4frm")));
    EXPECT_FALSE(wait(hasher_.verify("Correct-Horse-8", "$2b$12$NEuxmXHgVKpOS7dEdUP4K.lpPcIhAew34r8AEP5.nc.t2689tappy")));
    // The vectors of crypt_blowfish
    EXPECT_TRUE(wait(hasher_.verify("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")));
    EXPECT_TRUE(wait(hasher_.verify("U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")));
    // bcrypt reads 72 bytes
    const std::string longest = "Aa1" + std::string(69, 'x');
    const std::string hash = "$2b$04$DnGMrogwHTbUhmRlPvMXee31sl90J9C.Q0L2Wg/Hlg7mI1qb925sG";
    EXPECT_TRUE(wait(hasher_.verify(longest, hash)));
    EXPECT_TRUE(wait(hasher_.verify(longest + "y", hash)));
    EXPECT_FALSE(wait(hasher_.verify(longest.substr(1), hash)));
}

TEST_F(Password, HashRefusesWhatBcryptWouldIgnore) {
    EXPECT_NO_THROW(wait(hasher_.hash(std::string(72, 'x'))));
    EXPECT_THROW(wait(hasher_.hash(std::string(73, 'x'))), std::invalid_argument);
    EXPECT_THROW(wait(hasher_.hash(std::string("Aa1\0bcdef", 9))), std::invalid_argument);
    const std::string hash = wait(hasher_.hash("Aa1"));
    EXPECT_FALSE(wait(hasher_.verify(std::string("Aa1\0bcdef", 9), hash)));
}

TEST_F(Password, MalformedHashesFitNothingAndCostTheSame) {
    PasswordHasher slow{{.cost = 10}, metrics_};
    const auto seconds = [&](const std::string& hash) {
        const auto start = std::chrono::steady_clock::now();
        EXPECT_FALSE(wait(slow.verify("Correct-Horse-7", hash)));
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    const double genuine = seconds(wait(slow.hash("another")));
    for (const char* hash : {"", "x", "$2b$12$", "*0", "$2b$10$short", "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                             "$2x$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$1$abc$defghijklmnopqrstuvwxyz",
                             "$2b$10$CCCCCCCCCCCCCCCCCCCC:.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"})
        EXPECT_GT(seconds(hash), genuine / 4) << hash;
    EXPECT_FALSE(wait(hasher_.verify(std::string(1000, 'x'), "")));
}

TEST_F(Password, KnowsWhenAHashShouldBeRenewed) {
    PasswordHasher strong{{.cost = 12}, metrics_};
    EXPECT_FALSE(strong.needs_rehash("$2b$12$NEuxmXHgVKpOS7dEdUP4K.lpPcIhAew34r8AEP5.nc.t2689tappy"));
    EXPECT_TRUE(strong.needs_rehash("$2b$10$NEuxmXHgVKpOS7dEdUP4K.lpPcIhAew34r8AEP5.nc.t2689tappy"));
    EXPECT_TRUE(strong.needs_rehash("$2a$12$NEuxmXHgVKpOS7dEdUP4K.lpPcIhAew34r8AEP5.nc.t2689tappy"));
    EXPECT_TRUE(strong.needs_rehash(""));
    EXPECT_FALSE(hasher_.needs_rehash("$2b$12$NEuxmXHgVKpOS7dEdUP4K.lpPcIhAew34r8AEP5.nc.t2689tappy")) << "never weaker";
}

TEST_F(Password, AFullQueueIsRefusedAtOnce) {
    PasswordHasher hasher{{.cost = 8, .threads = 1, .max_queue = 2}, metrics_};
    int done = 0;
    int refused = 0;
    bool on_its_own_thread = true;
    const auto caller = std::this_thread::get_id();
    const auto one = [&]() -> asio::awaitable<void> {
        try {
            (void)co_await hasher.hash("Correct-Horse-7");
            ++done;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::unavailable);
            EXPECT_GT(error.retry_after_s().value_or(0), 0);
            ++refused;
        }
        on_its_own_thread = on_its_own_thread && std::this_thread::get_id() == caller;
    };
    for (int i = 0; i < 50; ++i) focus::testing::start(context_, one());
    context_.run();
    EXPECT_EQ(done + refused, 50);
    EXPECT_GE(done, 2);
    EXPECT_GE(refused, 40);
    EXPECT_TRUE(on_its_own_thread);
    EXPECT_TRUE(metrics_.render().contains("focus_api_password_duration_seconds")) << metrics_.render();
}

TEST_F(Password, KnownNetworksAreServedFirst) {
    PasswordHasher hasher{{.cost = 8, .threads = 1, .max_queue = 16}, metrics_};
    std::vector<std::string> order;
    const auto one = [&](std::string name, PasswordHasher::Lane lane) -> asio::awaitable<void> {
        auto place = hasher.reserve(lane);
        (void)co_await hasher.hash("Correct-Horse-7", std::move(place));
        order.push_back(std::move(name));
    };
    for (int i = 0; i < 5; ++i) focus::testing::start(context_, one("other", PasswordHasher::Lane::normal));
    for (int i = 0; i < 6; ++i) focus::testing::start(context_, one("known", PasswordHasher::Lane::preferred));
    context_.run();
    ASSERT_EQ(order.size(), 11U);
    // The thread may have taken one before the known ones came. After four of these in a row one of the others runs.
    using Order = std::vector<std::string>;
    const Order taken{"other", "known", "known", "known", "known", "other", "known", "known", "other", "other", "other"};
    const Order waiting{"known", "known", "known", "known", "other", "known", "known", "other", "other", "other", "other"};
    EXPECT_TRUE(order == taken || order == waiting) << ::testing::PrintToString(order);
}

TEST_F(Password, APlaceIsHeldUntilItIsUsedOrGivenBack) {
    PasswordHasher hasher{{.cost = 4, .threads = 1, .max_queue = 2}, metrics_};
    using Lane = PasswordHasher::Lane;
    auto first = hasher.reserve(Lane::normal);
    auto second = std::make_optional(hasher.reserve(Lane::normal));
    EXPECT_THROW((void)hasher.reserve(Lane::normal), Error);
    EXPECT_THROW(wait(hasher.hash("Correct-Horse-7")), Error) << "without a place in a full lane";
    EXPECT_NO_THROW((void)hasher.reserve(Lane::preferred)) << "the other lane has places of its own";
    second.reset();
    EXPECT_FALSE(wait(hasher.verify("Correct-Horse-7", "", std::move(first))));
    first = hasher.reserve(Lane::normal);
    second = hasher.reserve(Lane::normal);
}

TEST_F(Password, EndingAnswersThoseWhoWait) {
    auto hasher = std::make_unique<PasswordHasher>(PasswordHasher::Options{.cost = 10, .threads = 1, .max_queue = 10}, metrics_);
    std::vector<std::future<std::string>> results;
    for (int i = 0; i < 8; ++i) results.push_back(focus::testing::start(context_, hasher->hash("Correct-Horse-7")));
    context_.poll();
    hasher.reset();
    context_.restart();
    context_.run();
    int refused = 0;
    for (auto& result : results) {
        try {
            (void)result.get();
        } catch (const Error& error) {
            refused += error.kind() == ErrorKind::unavailable;
        }
    }
    EXPECT_GE(refused, 6);
}

} // namespace
} // namespace focus::crypto
