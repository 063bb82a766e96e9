// The requests with an Idempotency-Key whose handlers run in this process now. A repeat waits for the first answer and
// does not run concurrently: it would see effects that are not yet committed, and fail because of them.
// Always holds: only running requests are stored. Safe from any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace focus::http {

class RunningKeys {
  public:
    /// A running handler; removes its key when it ends.
    class Run {
      public:
        Run(RunningKeys& keys, std::string key) : keys_{&keys}, key_{std::move(key)} {}
        Run(Run&& other) noexcept : keys_{std::exchange(other.keys_, nullptr)}, key_{std::move(other.key_)} {}
        Run& operator=(Run&&) = delete;
        ~Run() {
            if (keys_ != nullptr) keys_->leave(key_);
        }

      private:
        RunningKeys* keys_;
        std::string key_;
    };

    /// Nothing while another request with this key runs.
    [[nodiscard]] std::optional<Run> enter_alone(const std::string& key) {
        const std::scoped_lock lock{mutex_};
        if (running_.contains(key)) return std::nullopt;
        ++running_[key];
        return Run{*this, key};
    }
    [[nodiscard]] Run enter(const std::string& key) {
        const std::scoped_lock lock{mutex_};
        ++running_[key];
        return Run{*this, key};
    }
    [[nodiscard]] bool contains(const std::string& key) const {
        const std::scoped_lock lock{mutex_};
        return running_.contains(key);
    }

  private:
    void leave(const std::string& key) noexcept {
        const std::scoped_lock lock{mutex_};
        const auto found = running_.find(key);
        if (found != running_.end() && --found->second == 0) running_.erase(found);
    }

    mutable std::mutex mutex_;
    std::map<std::string, int> running_;
};

} // namespace focus::http
