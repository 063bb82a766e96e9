#include "app/routes_command.hpp"

#include "app/app.hpp"
#include "app/unopened_database.hpp"
#include "core/http/rate_policy.hpp"
#include "core/json/json.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <iostream>

namespace focus::app {

namespace {

/// The printed fields of a route.
struct Listed {
    std::string method;
    std::string path;
    std::string operation_id; // empty: a page or a file
    std::string access;
    std::string rate;
    std::optional<std::int64_t> body_limit; // bytes; only for routes that take a body
    bool is_documented = true;              // in the OpenAPI document
};

std::string_view to_string(http::Access access) {
    switch (access) {
    case http::Access::nobody:
        return "public";
    case http::Access::signed_in:
        return "signed_in";
    case http::Access::verified:
        return "verified";
    case http::Access::admin:
        return "admin";
    }
    return {};
}

Listed listed(const http::Endpoint& endpoint) {
    const auto& meta = endpoint.meta;
    Listed route{.method = std::string{to_string(endpoint.method)},
                 .path = endpoint.pattern,
                 .operation_id = std::string{meta.id},
                 .access = std::string{to_string(meta.access)},
                 .rate = std::string{to_string(endpoint.rate())},
                 .is_documented = !meta.hidden};
    if (endpoint.signature.body != nullptr || !meta.consumes.empty()) route.body_limit = static_cast<std::int64_t>(meta.body_limit);
    return route;
}

std::string size_of(std::optional<std::int64_t> bytes) { return bytes ? std::format("{} KiB", *bytes >> 10) : "-"; }

std::string table(const std::vector<Listed>& routes) {
    constexpr std::size_t k_columns = 6;
    std::vector<std::array<std::string, k_columns>> lines{{"method", "path", "operation", "access", "rate", "body"}};
    for (const auto& route : routes)
        lines.push_back({route.method, route.path, route.operation_id.empty() ? "-" : route.operation_id, route.access, route.rate,
                         size_of(route.body_limit)});
    std::array<std::size_t, k_columns> widths{};
    for (const auto& line : lines)
        for (std::size_t i = 0; i < k_columns; ++i) widths[i] = std::max(widths[i], line[i].size());
    std::string text;
    for (const auto& line : lines) {
        for (std::size_t i = 0; i + 1 < k_columns; ++i) text += std::format("{:<{}}  ", line[i], widths[i]);
        text += line.back() + "\n";
    }
    return text;
}

/// The routes are declared, but none is called. The settings decide which ones exist.
App app_of_declarations(Settings settings) {
    if (settings.secret_key.empty()) settings.secret_key = std::string(32, '-'); // signs nothing; avoids creating a key file
    return App{std::move(settings), std::make_unique<UnopenedDatabase>()};
}

} // namespace

int print_routes(Settings settings, bool as_json) {
    const auto app = app_of_declarations(std::move(settings));
    std::vector<Listed> routes;
    for (const auto& endpoint : app.routes().endpoints()) routes.push_back(listed(endpoint));
    std::cout << (as_json ? json::write(routes) + "\n" : table(routes));
    return 0;
}

int print_openapi(Settings settings) {
    std::cout << app_of_declarations(std::move(settings)).openapi() << "\n";
    return 0;
}

} // namespace focus::app
