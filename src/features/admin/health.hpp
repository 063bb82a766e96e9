// The health of the service's parts, queried one by one when an administrator requests it.
// The state of other parts of the process (jobs, cache, sockets) comes from the sources that app sets.
#pragma once

#include "core/db/database.hpp"
#include "core/jobs/scheduler.hpp"
#include "features/admin/types.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace focus::admin {

/// Sources of health outside this module. A part without a source keeps its defaults.
struct HealthSources {
    std::function<db::Task<std::vector<jobs::Status>>()> jobs;
    std::function<db::Task<CacheHealth>()> cache;
    std::function<db::Task<WebsocketHealth>()> websocket;
    std::string instance; // this process' name among the instances
};

class Health {
  public:
    Health(db::Database& database, const Clock& clock) : db_{database}, clock_{clock} {}

    void set_sources(HealthSources sources) { sources_ = std::move(sources); }
    db::Task<SystemHealth> look();

  private:
    db::Task<DatabaseHealth> database();
    db::Task<EmailHealth> email();
    db::Task<std::vector<InstanceHealth>> instances();

    db::Database& db_;
    const Clock& clock_;
    HealthSources sources_;
    const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

} // namespace focus::admin
