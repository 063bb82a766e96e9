#include "core/base/log.hpp"
#include "core/bus/bus.hpp"
#include "core/crypto/crypto.hpp"
#include "core/redis/link.hpp"

#include <boost/asio/co_spawn.hpp>

namespace focus::bus {
namespace {

namespace asio = boost::asio;

/// A message in the channel: the instance that sends it, the topic and the payload, a line each; the payload may have more.
struct Message {
    std::string_view sender;
    std::string_view topic;
    std::string_view payload;
};

std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

Message decode(std::string_view text) {
    const auto sender = take_line(text);
    const auto topic = take_line(text);
    return {sender, topic, text};
}

/// Says that its sender has lost messages: read anew. No room has such a topic.
constexpr std::string_view k_lost = "bus.lost";

class RedisBus final : public Bus {
  public:
    RedisBus(const redis::Url& url, asio::any_io_executor executor)
        : local_{make_local_bus()}, name_{crypto::random_token()}, channel_{"focus:" + std::to_string(url.database) + ":bus"},
          link_{std::make_shared<redis::Link>(url, std::move(executor),
                                              redis::Link::Listener{.channel = channel_,
                                                                    .on_message = [this](std::string_view text) { receive(text); },
                                                                    .on_subscribed = [this] { subscribed(); }})} {}
    ~RedisBus() override { stop(); }

    void publish(std::string_view topic, std::string payload) override {
        send(topic, payload);
        local_->publish(topic, std::move(payload));
    }
    void subscribe(std::string topic, Handler handler) override { local_->subscribe(std::move(topic), std::move(handler)); }
    void on_gap(std::function<void()> handler) override {
        local_->subscribe(std::string{k_lost}, [handler = std::move(handler)](std::string_view) { handler(); });
    }
    void start() override { link_->start(); }
    void stop() override { link_->stop(); }

  private:
    /// Messages go out in the order of the calls: what is spawned on one thread starts in order.
    void send(std::string_view topic, std::string_view payload) {
        if (!link_->is_up()) {
            *lost_ = true;
            return;
        }
        std::vector<redis::Command> commands{
            {"PUBLISH", channel_, std::format("{}\n{}\n{}", name_, topic, payload)},
        };
        asio::co_spawn(
            link_->executor(),
            [](std::shared_ptr<redis::Link> link, std::shared_ptr<std::atomic<bool>> lost,
               std::vector<redis::Command> all) -> redis::Task<void> {
                const auto replies = co_await link->run(std::move(all));
                if (!replies) *lost = true;
            }(link_, lost_, std::move(commands)),
            [](const std::exception_ptr& error) {
                if (error) log::error("a message to other instances was not sent");
            });
    }
    void receive(std::string_view text) {
        const auto message = decode(text);
        if (message.sender != name_ && !message.topic.empty()) local_->publish(message.topic, std::string{message.payload});
    }
    /// Connected again: we may have missed messages, and others may have missed ours.
    void subscribed() {
        if (lost_->exchange(false)) send(k_lost, "");
        local_->publish(k_lost, "");
    }

    std::unique_ptr<Bus> local_;
    std::string name_; // of this instance
    std::string channel_;
    std::shared_ptr<std::atomic<bool>> lost_ = std::make_shared<std::atomic<bool>>(false); // a message did not go out
    std::shared_ptr<redis::Link> link_;
};

} // namespace

std::unique_ptr<Bus> make_redis_bus(const std::string& url, asio::any_io_executor executor) {
    return std::make_unique<RedisBus>(redis::parse_url(url), std::move(executor));
}

} // namespace focus::bus
