// Limits the open connections of each customer's network (network_of) and each IPv6 /48 (site_of): a client with a /48
// could use another network for each connection.
// Always holds: only networks with open connections are stored. Safe from any thread.
#pragma once

#include "core/http/forwarded.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace focus::http {

class NetworkLimit {
  public:
    /// One open connection; no longer counted when it ends.
    class Place {
      public:
        Place() = default; // of a connection that is not counted
        Place(NetworkLimit& limit, const AddressBytes& network, const std::optional<AddressBytes>& site)
            : limit_{&limit}, network_{network}, site_{site} {}
        Place(Place&& other) noexcept : limit_{std::exchange(other.limit_, nullptr)}, network_{other.network_}, site_{other.site_} {}
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (limit_ != nullptr) limit_->leave(network_, site_);
        }

      private:
        NetworkLimit* limit_ = nullptr;
        AddressBytes network_{};
        std::optional<AddressBytes> site_;
    };

    /// At most `most` per network and k_networks_per_site times as many per /48; those of `uncounted` (addresses or CIDR ranges) have no
    /// limit.
    NetworkLimit(std::size_t most, const std::vector<std::string>& uncounted) : most_{most}, uncounted_{uncounted} {}

    static constexpr std::size_t k_networks_per_site = 4;

    /// A place for a connection from `peer`; nothing when its network has reached the limit.
    [[nodiscard]] std::optional<Place> enter(const AddressBytes& peer);

  private:
    void leave(const AddressBytes& network, const std::optional<AddressBytes>& site);

    std::size_t most_;
    TrustedProxies uncounted_;
    std::mutex mutex_;
    std::map<AddressBytes, std::size_t> open_;
    std::map<AddressBytes, std::size_t> open_by_site_;
};

} // namespace focus::http
