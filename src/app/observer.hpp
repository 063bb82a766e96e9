// The metrics of the service as a whole: its version, start, queues, certificate and disk (read at each scrape), the
// numbers of accounts and challenges (counted in the database each minute), and the apps that have a name of their own
// in the metrics (those used most in the last days, read now and then).
// Owns the registry's on_scrape; everything that it reads outlives it.
#pragma once

#include "app/settings.hpp"
#include "app/wiring.hpp"
#include "core/async/task_group.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <vector>

namespace focus::http {
class Server;
}

namespace focus::redis {
class Client;
}

namespace focus::app {

class Observer {
  public:
    struct Parts {
        metrics::Registry& metrics;
        Modules& modules;
        const crypto::PasswordHasher& hasher;
        const http::Server& server;
        const Clock& clock;
        const redis::Client* redis; // null: a single instance
        const bus::Bus& bus;
    };
    Observer(Parts parts, const Settings& settings);
    ~Observer();
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;

    /// Counts periodically until the group stops; the metrics show failures.
    void start(async::TaskGroup& tasks, boost::asio::any_io_executor executor);

  private:
    /// A gauge and the function that gives its value.
    struct Look {
        metrics::Gauge gauge;
        std::function<double()> value;
    };
    void look_at(std::string_view name, std::string_view help, std::function<double()> value, const metrics::Labels& labels = {});
    void look_at_disk(const std::filesystem::path& database);
    db::Task<void> run();
    db::Task<bool> ping();
    db::Task<void> count();
    db::Task<void> name_apps();

    Parts parts_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point count_at_ = started_;
    std::chrono::steady_clock::time_point name_at_ = started_;
    std::vector<Look> looks_;
    metrics::Gauge database_up_;
    std::vector<metrics::Gauge> users_;      // active, unverified, inactive
    std::vector<metrics::Gauge> challenges_; // by Status
};

} // namespace focus::app
