#include "core/http/network_limit.hpp"

namespace focus::http {

std::optional<NetworkLimit::Place> NetworkLimit::enter(const AddressBytes& peer) {
    if (uncounted_.contains(peer)) return Place{};
    const auto network = network_of(peer);
    const std::scoped_lock lock{mutex_};
    auto& open = open_[network];
    if (open >= most_) return std::nullopt; // not 0, so no empty entry is left
    ++open;
    return Place{*this, network};
}

void NetworkLimit::leave(const AddressBytes& network) {
    const std::scoped_lock lock{mutex_};
    const auto found = open_.find(network);
    if (--found->second == 0) open_.erase(found);
}

} // namespace focus::http
