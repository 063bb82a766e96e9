// How many connections each customer's network (network_of) holds open.
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
        Place(NetworkLimit& limit, const AddressBytes& network) : limit_{&limit}, network_{network} {}
        Place(Place&& other) noexcept : limit_{std::exchange(other.limit_, nullptr)}, network_{other.network_} {}
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (limit_ != nullptr) limit_->leave(network_);
        }

      private:
        NetworkLimit* limit_ = nullptr;
        AddressBytes network_{};
    };

    /// At most `most` per network; those of `uncounted` (addresses or CIDR ranges) may hold any number.
    NetworkLimit(std::size_t most, const std::vector<std::string>& uncounted) : most_{most}, uncounted_{uncounted} {}

    /// A place for a connection from `peer`; nothing when its network holds as many as it may.
    [[nodiscard]] std::optional<Place> enter(const AddressBytes& peer);

  private:
    void leave(const AddressBytes& network);

    std::size_t most_;
    TrustedProxies uncounted_;
    std::mutex mutex_;
    std::map<AddressBytes, std::size_t> open_;
};

} // namespace focus::http
