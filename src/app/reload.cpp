#include "app/reload.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <stdexcept>

namespace focus::app {

namespace asio = boost::asio;

namespace {

void reload(const std::function<Settings()>& load) {
    try {
        const auto settings = load();
        log::configure(settings.log_level, settings.log_format);
        log::write(settings.log_level, "settings read again", {{"log_level", log::to_string(settings.log_level)}});
    } catch (const std::invalid_argument& error) {
        log::error("settings are not taken over", {{"cause", std::string_view{error.what()}}});
    }
}

} // namespace

asio::awaitable<void> reload_on_hangup(std::function<Settings()> load) {
    asio::signal_set hangups{co_await asio::this_coro::executor, SIGHUP};
    for (;;) {
        co_await hangups.async_wait(asio::use_awaitable);
        reload(load);
    }
}

} // namespace focus::app
