// How many connections each customer's network (network_of) holds open, and each IPv6 /48 (site_of): who has a /48 could
// take another network for each connection.
// Always holds: only networks with open connections are remembered. Safe from any thread.
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
    /// One open connection; gives its place back when it ends.
    class Place {
      public:
        Place() = default; // of nobody who is counted
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

    /// At most `most` per network and k_networks_per_site times as many per /48; those of `uncounted` (addresses or CIDR ranges) may hold
    /// any number.
    NetworkLimit(std::size_t most, const std::vector<std::string>& uncounted) : most_{most}, uncounted_{uncounted} {}

    static constexpr std::size_t k_networks_per_site = 4;

    /// A place for a connection from `peer`; nothing when its network holds as many as it may.
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
