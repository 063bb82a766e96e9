#include "core/http/body_memory.hpp"

#include <algorithm>

namespace focus::http {
namespace {

// Kinds of owners other than users; the ids of users are positive.
constexpr std::int64_t k_network = 0;
constexpr std::int64_t k_site = -1;
constexpr std::int64_t k_anonymous = -2; // all anonymous clients together

constexpr std::size_t k_first_room = 4096;
/// Bodies up to this size may use the last eighth of the budget, so that large bodies leave some for them.
constexpr std::size_t k_small = std::size_t{64} << 10;
/// The longest body that a route accepts, compressed and unpacked, plus the decoder's memory.
constexpr std::size_t k_one_user = std::size_t{20} << 20;

} // namespace

void BodyMemory::Share::add_owner(std::int64_t kind, const AddressBytes& address, std::size_t most) {
    owners_.at(owner_count_++) = {{kind, address}, most};
}

void BodyMemory::Share::belongs_to_user(std::int64_t user_id) {
    if (memory_ == nullptr) return;
    release();
    owner_count_ = 0;
    add_owner(user_id, {}, std::max(memory_->most_ / 4, k_one_user));
}

void BodyMemory::Share::belongs_to_network(const AddressBytes& address) {
    if (memory_ == nullptr) return;
    release();
    owner_count_ = 0;
    add_owner(k_network, network_of(address), memory_->most_ / 16);
    if (const auto site = site_of(address)) add_owner(k_site, *site, memory_->most_ / 8);
    add_owner(k_anonymous, {}, memory_->most_ / 4);
}

bool BodyMemory::Share::resize(std::size_t bytes) {
    if (memory_ == nullptr || bytes == bytes_) return true;
    if (bytes > bytes_) {
        if (!memory_->grow(*this, bytes)) return false;
    } else {
        memory_->shrink(*this, bytes_ - bytes);
    }
    bytes_ = bytes;
    return true;
}

void BodyMemory::Share::release() noexcept {
    if (bytes_ > 0) memory_->shrink(*this, std::exchange(bytes_, 0));
}

std::size_t BodyMemory::used() const {
    const std::scoped_lock lock{mutex_};
    return used_;
}

bool BodyMemory::grow(const Share& share, std::size_t bytes) {
    const auto by = bytes - share.bytes_;
    const auto most = bytes > k_small ? most_ - most_ / 8 : most_;
    const std::scoped_lock lock{mutex_};
    if (used_ + by > most) return false;
    for (const auto& owner : share.owners()) {
        const auto found = held_.find(owner.key);
        if ((found != held_.end() ? found->second : 0) + by > owner.most) return false;
    }
    for (const auto& owner : share.owners()) held_.try_emplace(owner.key, 0); // nothing below throws
    for (const auto& owner : share.owners()) held_.find(owner.key)->second += by;
    used_ += by;
    return true;
}

void BodyMemory::shrink(const Share& share, std::size_t by) noexcept {
    const std::scoped_lock lock{mutex_};
    used_ -= by;
    for (const auto& owner : share.owners()) {
        const auto found = held_.find(owner.key);
        if (found == held_.end()) continue;
        found->second -= by;
        if (found->second == 0) held_.erase(found);
    }
}

bool make_room(std::string& text, std::size_t size, std::size_t most, BodyMemory::Share& share, std::size_t extra) {
    if (size <= text.capacity()) return share.resize(extra + text.capacity());
    const auto capacity = std::max(size, std::min(most, std::max(k_first_room, 2 * text.capacity())));
    if (!share.resize(extra + capacity)) return false;
    std::string bigger; // reserve() of a non-empty string allocates at least twice its capacity
    bigger.reserve(capacity);
    bigger += text;
    text.swap(bigger);
    return true;
}

} // namespace focus::http
