#include "core/http/network_limit.hpp"

namespace focus::http {
namespace {

void take_one(std::map<AddressBytes, std::size_t>& open, const AddressBytes& key) {
    const auto found = open.find(key);
    if (--found->second == 0) open.erase(found);
}

} // namespace

std::optional<NetworkLimit::Place> NetworkLimit::enter(const AddressBytes& peer) {
    if (uncounted_.contains(peer)) return Place{};
    const auto network = network_of(peer);
    const auto site = site_of(peer);
    const std::scoped_lock lock{mutex_};
    if (site) {
        const auto found = open_by_site_.find(*site);
        if (found != open_by_site_.end() && found->second >= most_ * k_networks_per_site) return std::nullopt;
    }
    auto& open = open_[network];
    if (open >= most_) return std::nullopt; // not 0, so no empty entry is left
    ++open;
    if (site) ++open_by_site_[*site];
    return Place{*this, network, site};
}

void NetworkLimit::leave(const AddressBytes& network, const std::optional<AddressBytes>& site) {
    const std::scoped_lock lock{mutex_};
    take_one(open_, network);
    if (site) take_one(open_by_site_, *site);
}

} // namespace focus::http
