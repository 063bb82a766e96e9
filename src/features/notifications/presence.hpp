// Presence: which users have open sockets, over all instances. Each instance publishes its changes on the bus
// (topic "sockets.presence"); a listener that notices a gap requests the whole table.
// Always holds: an instance that has sent nothing for k_forget_after is not counted. Safe from any thread.
#pragma once

#include "core/bus/bus.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace focus::notifications {

class Presence {
  public:
    using Instant = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds k_beat{5};
    static constexpr std::chrono::seconds k_forget_after{20};

    explicit Presence(bus::Bus& bus);

    /// This instance's sockets of the user: one more (+1) or one less (-1).
    void change(std::int64_t user_id, int by);
    /// Publishes at intervals that this instance is alive, and its count of changes.
    void beat(Instant now);

    struct Totals {
        std::int64_t active_users = 0;
        std::int64_t connections = 0;
        std::int64_t of_user = 0;
    };
    /// Over all instances.
    [[nodiscard]] Totals totals(std::int64_t user_id, Instant now);

  private:
    using Counts = std::unordered_map<std::int64_t, std::int64_t>; // sockets by user; no zeros
    struct Instance {
        Counts counts;
        std::int64_t changes = -1; // how many of its changes are in `counts`; -1: none known
        Instant heard_at;
        bool asked = false; // its whole table was requested
    };
    void receive(std::string_view payload);
    void receive_news(const std::string& from, std::string_view news);
    void receive_table(const std::string& from, std::string_view table);
    void publish_table();
    /// Keeps the sums correct while one instance's count changes.
    void set_count(Instance& instance, std::int64_t user_id, std::int64_t count);
    void set_counts(Instance& instance, const Counts& counts);
    void forget_silent(Instant now);

    bus::Bus& bus_;
    const std::string id_;
    std::mutex publishing_; // keeps the changes in order on the bus; taken before mutex_
    std::mutex mutex_;      // never held while publishing: the bus may call back at once
    Instance own_;
    std::map<std::string, Instance, std::less<>> others_;
    Counts everywhere_;            // the sum of all instances
    std::int64_t connections_ = 0; // the sum of all users
    Instant next_beat_;
};

} // namespace focus::notifications
