#include "app/logs_command.hpp"

#include "app/app.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace focus::app {

namespace {

constexpr int k_page_rows = 1000;

/// Checks the options by the rules of GET /api/admin/logs.
audit::Filter filter_of(const LogsOptions& options) {
    http::Params params;
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) params.emplace_back(name, value);
    };
    add("level", options.level);
    add("action", options.action);
    add("start_date", options.since);
    add("end_date", options.until);
    add("q", options.text);
    if (options.user_id) params.emplace_back("user_id", std::to_string(*options.user_id));
    return admin::filter_of(json::parse_query<admin::LogsQuery>(params, "option"));
}

struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

void write(std::FILE* out, const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size()) throw std::runtime_error{"the export cannot be written"};
}

} // namespace

int export_logs(Settings settings, const LogsOptions& options) {
    const auto filter = filter_of(options);
    std::unique_ptr<std::FILE, Close> file;
    if (!options.file.empty()) {
        file.reset(std::fopen(options.file.c_str(), "wb"));
        if (!file) throw std::runtime_error{options.file + " cannot be written"};
    }
    auto* out = file ? file.get() : stdout;
    App app{std::move(settings)};
    app.run([&]() -> boost::asio::awaitable<void> {
        co_await app.prepare_database();
        for (std::int64_t after = 0;;) {
            const auto page = co_await app.database().get(audit::next(filter, after, k_page_rows));
            if (page.empty()) break;
            after = page.back().id;
            std::string lines;
            for (const auto& entry : page) {
                json::append(lines, entry);
                lines += '\n';
            }
            write(out, lines);
        }
    });
    if (std::fflush(out) != 0) throw std::runtime_error{"the export cannot be written"};
    return 0;
}

} // namespace focus::app
