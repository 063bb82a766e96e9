// The progress of the start, for the probes and for whether requests are served. Read from any thread.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

namespace focus::app {

class StartState {
  public:
    /// True from the end of the start, also during a shutdown.
    [[nodiscard]] const std::atomic<bool>& is_open() const noexcept { return open_; }
    /// True from the end of the start until a shutdown begins.
    [[nodiscard]] bool is_ready() const noexcept { return ready_; }
    /// What the process waits for while it is not ready.
    [[nodiscard]] std::string waiting_for() const {
        const std::scoped_lock lock{mutex_};
        return waiting_for_;
    }

    void wait_for(std::string what) {
        const std::scoped_lock lock{mutex_};
        waiting_for_ = std::move(what);
    }
    void open() {
        open_ = true;
        ready_ = true;
    }
    void stop() {
        wait_for("the end of this process");
        ready_ = false;
    }

  private:
    std::atomic<bool> open_{false};
    std::atomic<bool> ready_{false};
    mutable std::mutex mutex_;
    std::string waiting_for_ = "the database";
};

} // namespace focus::app
