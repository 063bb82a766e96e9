#include "app/reload.hpp"

#include "app/service_manager.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <stdexcept>

namespace focus::app {

namespace asio = boost::asio;

namespace {

void reload(const std::function<Settings()>& load) {
    service_manager::reloading();
    try {
        const auto settings = load();
        log::configure(settings.log_level, settings.log_format);
        if (settings.file.empty())
            log::write(settings.log_level, "no settings file to read again");
        else
            log::write(settings.log_level, "settings read again",
                       {{"file", std::string_view{settings.file}}, {"log_level", log::to_string(settings.log_level)}});
    } catch (const std::invalid_argument& error) {
        log::error("settings are not taken over", {{"cause", std::string_view{error.what()}}});
    }
    service_manager::ready();
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
