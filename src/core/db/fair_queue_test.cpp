#include "core/db/fair_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace focus::db {
namespace {

constexpr Asker k_ann = asker_user(1);
constexpr Asker k_bob = asker_user(2);
constexpr Asker k_eve = asker_user(3);

std::string drain(FairQueue<std::string>& queue) {
    std::string order;
    while (const auto item = queue.pop()) order += *item + ' ';
    return order;
}

TEST(FairQueue, AskersHaveTurns) {
    FairQueue<std::string> queue;
    for (int i = 1; i <= 3; ++i) queue.push(k_ann, "a" + std::to_string(i));
    queue.push(k_bob, "b1");
    queue.push(k_eve, "e1");
    queue.push(k_bob, "b2");
    EXPECT_EQ(queue.size(), 6U);
    EXPECT_EQ(drain(queue), "a1 b1 e1 a2 b2 a3 ");
    EXPECT_TRUE(queue.empty());
}

TEST(FairQueue, WhoMayNotBeServedKeepsItsTurn) {
    FairQueue<std::string> queue;
    queue.push(k_ann, "a1");
    queue.push(k_bob, "b1");
    queue.push(k_bob, "b2");
    EXPECT_EQ(queue.pop([](Asker asker) { return asker != k_ann; }), "b1");
    EXPECT_EQ(queue.pop([](Asker) { return false; }), std::nullopt);
    EXPECT_EQ(drain(queue), "a1 b2 ");
}

TEST(FairQueue, TakesOutWhatIsMeant) {
    FairQueue<std::string> queue;
    for (const auto* item : {"a1", "a2", "a3"}) queue.push(k_ann, item);
    queue.push(k_bob, "b1");
    EXPECT_EQ(queue.take_if([](const std::string& item) { return item == "a2" || item == "b1"; }).size(), 2U);
    EXPECT_EQ(queue.size(), 2U);
    queue.push(k_bob, "b2");
    EXPECT_EQ(drain(queue), "a1 b2 a3 ");
}

TEST(FairQueue, OneAskerGetsAPartOfThePlaces) {
    FairQueue<std::string> queue;
    queue.push(k_ann, "a1");
    EXPECT_TRUE(queue.has_room(k_ann, 8));
    queue.push(k_ann, "a2");
    EXPECT_FALSE(queue.has_room(k_ann, 8));
    EXPECT_TRUE(queue.has_room(k_bob, 8));
    for (int i = 1; i <= 6; ++i) {
        EXPECT_TRUE(queue.has_room(k_service, 8));
        queue.push(k_service, "s");
    }
    EXPECT_FALSE(queue.has_room(k_service, 8));
    EXPECT_FALSE(queue.has_room(k_bob, 8));
}

TEST(Asker, UsersNetworksAndTheServiceDiffer) {
    EXPECT_NE(asker_user(1), asker_user(2));
    EXPECT_NE(asker_network("192.0.2.1"), asker_network("192.0.2.2"));
    for (const auto* network : {"", "192.0.2.1", "2001:db8::/64"}) EXPECT_LT(asker_network(network), k_service);
}

TEST(Asker, TravelsWithTheExecutor) {
    boost::asio::io_context io;
    const boost::asio::any_io_executor plain = io.get_executor();
    EXPECT_EQ(asker_of(plain), k_service);
    const auto asking = on_behalf_of(k_ann, plain);
    EXPECT_EQ(asker_of(asking), k_ann);
    EXPECT_EQ(asker_of(on_behalf_of(k_bob, asking)), k_bob);
    EXPECT_EQ(&boost::asio::query(asking, boost::asio::execution::context), &boost::asio::query(plain, boost::asio::execution::context));
}

} // namespace
} // namespace focus::db
