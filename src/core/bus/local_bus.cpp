#include "core/base/log.hpp"
#include "core/bus/bus.hpp"

#include <map>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace focus::bus {
namespace {

class LocalBus final : public Bus {
  public:
    void publish(std::string_view topic, std::string payload) override {
        // The handlers are copied out, so that one of them may publish or subscribe itself.
        std::vector<std::shared_ptr<const Handler>> handlers;
        {
            const std::shared_lock lock{mutex_};
            const auto found = handlers_.find(topic);
            if (found != handlers_.end()) handlers = found->second;
        }
        for (const auto& handler : handlers) run(*handler, topic, payload);
    }

    void subscribe(std::string topic, Handler handler) override {
        const std::unique_lock lock{mutex_};
        handlers_[std::move(topic)].push_back(std::make_shared<const Handler>(std::move(handler)));
    }

    void on_gap(std::function<void()>) override {} // nothing is ever lost

  private:
    static void run(const Handler& handler, std::string_view topic, std::string_view payload) {
        try {
            handler(payload);
        } catch (const std::exception& error) {
            log::error("bus handler failed", {{"topic", topic}, {"cause", std::string_view{error.what()}}});
        }
    }

    std::shared_mutex mutex_;
    std::map<std::string, std::vector<std::shared_ptr<const Handler>>, std::less<>> handlers_;
};

} // namespace

std::unique_ptr<Bus> make_local_bus() { return std::make_unique<LocalBus>(); }

} // namespace focus::bus
