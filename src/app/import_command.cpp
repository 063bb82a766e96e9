#include "app/import_command.hpp"

#include "app/app.hpp"
#include "app/progress.hpp"

#include <filesystem>
#include <format>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>

namespace focus::app {

namespace {

/// A file is read as a whole; parsing JSON needs about twice its size in addition.
constexpr std::uintmax_t k_max_file_bytes = 512 << 20;

std::string read_file(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) throw std::runtime_error{path + ": " + error.message()};
    if (size > k_max_file_bytes) throw std::runtime_error{path + ": more than 512 MiB; split it"};
    std::ifstream in{path, std::ios::binary};
    std::string bytes(size, '\0');
    if (!in.read(bytes.data(), static_cast<std::streamsize>(size))) throw std::runtime_error{path + ": cannot be read"};
    return bytes;
}

void print_errors(const activities::ImportResult& result) {
    for (const auto& fault : result.errors) {
        auto reason = fault.error.detail;
        if (!fault.error.errors.empty()) reason.clear();
        for (const auto& error : fault.error.errors) {
            if (!reason.empty()) reason += "; ";
            for (const auto& step : error.loc) {
                if (const auto* name = std::get_if<std::string>(&step.value); name != nullptr && *name != "line") reason += *name + ": ";
            }
            reason += error.msg;
        }
        std::cerr << std::format("{}: {}\n", fault.line, reason);
    }
    const auto more = result.failed - std::ssize(result.errors);
    if (more > 0) std::cerr << std::format("and {} more\n", more);
}

} // namespace

int import_file(Settings settings, const std::string& path, const std::string& email) {
    const auto file = read_file(path);
    App app{std::move(settings)};
    activities::ImportResult result;
    std::optional<ProgressBar> bar{std::in_place};
    app.run([&]() -> boost::asio::awaitable<void> {
        co_await app.prepare_database();
        const auto user = co_await app.modules().users.find_by_email(app.database(), email);
        if (!user) throw std::runtime_error{"no account has the address " + email};
        Caller caller;
        caller.user_id = user->id;
        caller.language = user->language;
        caller.zone = Zone::of(user->timezone);
        const Origin origin{.ip = {}, .user_agent = {}, .request_id = {}, .endpoint = "focus import"};
        const activities::ImportProgress progress = [&bar](double part) { bar->show(part); };
        result = co_await app.modules().activities.import_file(caller, origin, file, progress);
    });
    bar.reset();
    print_errors(result);
    std::cout << std::format("{} stored, {} were there already, {} left out\n", result.created, result.duplicates, result.failed);
    return result.failed == 0 ? 0 : 1;
}

} // namespace focus::app
