#include "core/async/run.hpp"
#include "core/bus/bus.hpp"
#include "core/crypto/crypto.hpp"
#include "core/redis/link.hpp"

#include <atomic>
#include <format>

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

/// Reports that its sender has lost messages: read again. No module has such a topic.
constexpr std::string_view k_lost = "bus.lost";

/// What the callbacks of the link need. The link outlives the bus for a moment, so they share it.
struct Exchange : std::enable_shared_from_this<Exchange> {
    explicit Exchange(const redis::Url& url) : channel{"focus:" + std::to_string(url.database) + ":bus"} {}

    /// Messages are sent in the order of the calls: what is spawned on one thread starts in order.
    void send(std::string_view topic, std::string_view payload) {
        const auto to = link.lock();
        if (!to || !to->is_up()) {
            lost = true;
            return;
        }
        std::vector<redis::Command> commands{
            {"PUBLISH", channel, std::format("{}\n{}\n{}", name, topic, payload)},
        };
        async::spawn(
            to->executor(), "message to other instances",
            [](std::shared_ptr<redis::Link> with, std::shared_ptr<Exchange> self, std::vector<redis::Command> all) -> redis::Task<void> {
                const auto replies = co_await with->run(std::move(all));
                if (!replies) self->lost = true;
            }(to, shared_from_this(), std::move(commands)));
    }
    void receive(std::string_view text) {
        const auto message = decode(text);
        if (!ended && message.sender != name && !message.topic.empty()) local->publish(message.topic, std::string{message.payload});
    }
    /// Connected again: this instance may have missed messages of others, and they may have missed ours.
    void subscribed() {
        if (ended) return;
        if (lost.exchange(false)) send(k_lost, "");
        local->publish(k_lost, "");
    }

    const std::string name = crypto::random_token(); // of this instance
    const std::string channel;
    const std::unique_ptr<Bus> local = make_local_bus();
    std::weak_ptr<redis::Link> link;
    std::atomic<bool> lost{false};  // a message was not sent
    std::atomic<bool> ended{false}; // the handlers are not called any more
};

class RedisBus final : public Bus {
  public:
    RedisBus(const redis::Url& url, asio::any_io_executor executor)
        : exchange_{std::make_shared<Exchange>(url)},
          link_{std::make_shared<redis::Link>(
              url, std::move(executor),
              redis::Link::Listener{.channel = exchange_->channel,
                                    .on_message = [exchange = exchange_](std::string_view text) { exchange->receive(text); },
                                    .on_subscribed = [exchange = exchange_] { exchange->subscribed(); }})} {
        exchange_->link = link_;
    }
    ~RedisBus() override {
        exchange_->ended = true;
        stop();
    }

    void publish(std::string_view topic, std::string payload) override {
        exchange_->send(topic, payload);
        exchange_->local->publish(topic, std::move(payload));
    }
    void subscribe(std::string topic, Handler handler) override { exchange_->local->subscribe(std::move(topic), std::move(handler)); }
    void on_gap(std::function<void()> handler) override {
        exchange_->local->subscribe(std::string{k_lost}, [handler = std::move(handler)](std::string_view) { handler(); });
    }
    [[nodiscard]] bool is_up() const noexcept override { return link_->is_up(); }
    void start() override { link_->start(); }
    void stop() override { link_->stop(); }

  private:
    std::shared_ptr<Exchange> exchange_;
    std::shared_ptr<redis::Link> link_;
};

} // namespace

std::unique_ptr<Bus> make_redis_bus(const std::string& url, asio::any_io_executor executor) {
    return std::make_unique<RedisBus>(redis::parse_url(url), std::move(executor));
}

} // namespace focus::bus
