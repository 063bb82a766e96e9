#include "core/http/body_memory.hpp"

#include <gtest/gtest.h>

namespace focus::http {
namespace {

constexpr std::size_t k_mib = std::size_t{1} << 20;

AddressBytes address(std::string_view text) { return parse_address(text).value(); }

TEST(BodyMemory, SharesAreGivenBack) {
    BodyMemory memory{64 * k_mib};
    {
        BodyMemory::Share share{memory};
        EXPECT_TRUE(share.resize(3 * k_mib));
        EXPECT_TRUE(share.resize(2 * k_mib));
        EXPECT_EQ(memory.used(), 2 * k_mib);
        BodyMemory::Share moved{std::move(share)};
        EXPECT_EQ(memory.used(), 2 * k_mib);
        moved.release();
        EXPECT_EQ(memory.used(), 0U);
        EXPECT_TRUE(moved.resize(k_mib));
    }
    EXPECT_EQ(memory.used(), 0U);
}

TEST(BodyMemory, LargeBodiesLeaveSomeForSmallOnes) {
    BodyMemory memory{64 * k_mib};
    BodyMemory::Share large{memory};
    BodyMemory::Share small{memory};
    EXPECT_TRUE(large.resize(56 * k_mib));
    EXPECT_FALSE(large.resize(57 * k_mib));
    EXPECT_EQ(large.bytes(), 56 * k_mib);
    BodyMemory::Share another{memory};
    EXPECT_FALSE(another.resize(k_mib));
    EXPECT_TRUE(small.resize(64 << 10));
    EXPECT_EQ(memory.used(), 56 * k_mib + (64 << 10));
}

TEST(BodyMemory, AUserHasAPart) {
    BodyMemory memory{64 * k_mib};
    BodyMemory::Share first{memory};
    BodyMemory::Share second{memory};
    BodyMemory::Share other{memory};
    first.belongs_to_user(1);
    second.belongs_to_user(1);
    other.belongs_to_user(2);
    EXPECT_TRUE(first.resize(16 * k_mib)); // the longest body, compressed and unpacked
    EXPECT_FALSE(second.resize(8 * k_mib));
    EXPECT_TRUE(other.resize(8 * k_mib));
    first.release();
    EXPECT_TRUE(second.resize(8 * k_mib));
}

TEST(BodyMemory, ClientsWithoutAnAccountSharePartsByNetwork) {
    BodyMemory memory{64 * k_mib};
    const auto takes = [&](BodyMemory::Share& share, std::string_view from, std::size_t bytes) {
        share.belongs_to_network(address(from));
        return share.resize(bytes);
    };
    BodyMemory::Share a{memory};
    BodyMemory::Share b{memory};
    BodyMemory::Share c{memory};
    BodyMemory::Share d{memory};
    BodyMemory::Share e{memory};
    EXPECT_TRUE(takes(a, "2001:db8:1:1::1", 4 * k_mib));
    EXPECT_FALSE(takes(b, "2001:db8:1:1::2", k_mib)); // the same /64
    EXPECT_TRUE(takes(b, "2001:db8:1:2::1", 4 * k_mib));
    EXPECT_FALSE(takes(c, "2001:db8:1:3::1", k_mib)); // the same /48
    EXPECT_TRUE(takes(c, "203.0.113.1", 4 * k_mib));
    EXPECT_TRUE(takes(d, "203.0.113.2", 4 * k_mib));
    EXPECT_FALSE(takes(e, "203.0.113.3", k_mib)); // all anonymous clients together
    a.release();
    EXPECT_TRUE(takes(e, "203.0.113.3", k_mib));
}

TEST(BodyMemory, RoomGrowsWithWhatComes) {
    BodyMemory memory{64 * k_mib};
    BodyMemory::Share share{memory};
    std::string text;
    EXPECT_TRUE(make_room(text, 1, 8 * k_mib, share));
    EXPECT_EQ(share.bytes(), text.capacity());
    text.assign(text.capacity(), 'x');
    const auto before = text.capacity();
    EXPECT_TRUE(make_room(text, before + 1, 8 * k_mib, share, 100));
    EXPECT_GE(text.capacity(), 2 * before);
    EXPECT_EQ(share.bytes(), text.capacity() + 100);
    EXPECT_EQ(text, std::string(before, 'x'));
    EXPECT_TRUE(make_room(text, 5 * k_mib, 5 * k_mib, share)); // not beyond `most`
    EXPECT_EQ(text.capacity(), 5 * k_mib);
    EXPECT_FALSE(make_room(text, 60 * k_mib, 60 * k_mib, share));
    EXPECT_EQ(text.capacity(), 5 * k_mib);
}

} // namespace
} // namespace focus::http
