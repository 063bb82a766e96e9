// What was found broken in a SQLite file while it is in use. Such a file stays broken until a backup is restored, which needs
// a stopped server; so what was found once stays known.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

namespace focus::db::sqlite {

using SteadyTime = std::chrono::steady_clock::time_point;

class Damage {
  public:
    /// From any thread. The log has it at once, and again with later calls, at most once a minute.
    void report(std::string_view what, SteadyTime now);
    /// What was reported first; empty while nothing was. Logs like report().
    [[nodiscard]] std::string found(SteadyTime now);

  private:
    void log(SteadyTime now);

    std::mutex mutex_; // guards all below
    std::string first_;
    SteadyTime log_at_; // not before
};

} // namespace focus::db::sqlite
