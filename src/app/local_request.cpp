#include "app/local_request.hpp"

#include "core/base/error.hpp"
#include "core/http/forwarded.hpp"
#include "core/http/headers.hpp"
#include "core/http/target.hpp"

#include <algorithm>
#include <array>

namespace focus::app {

namespace {

constexpr std::string_view k_any_forwarded = "x-forwarded-";
constexpr std::array<std::string_view, 8> k_forwarding{"forwarded",        "via",         "x-real-ip",           "x-original-host",
                                                       "cf-connecting-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip"};

bool is_forwarding(std::string_view name) {
    return http::equal_ignoring_case(name.substr(0, k_any_forwarded.size()), k_any_forwarded) ||
           std::ranges::any_of(k_forwarding, [name](std::string_view known) { return http::equal_ignoring_case(name, known); });
}

std::string_view host_of(const http::Call& call) {
    const auto target = http::split_target(call.target());
    return target && !target->host.empty() ? target->host : call.header("Host");
}

bool is_loopback(std::string_view host) {
    const auto bracket = host.find(']');
    if (bracket != std::string_view::npos && bracket + 1 < host.size() && host[bracket + 1] != ':') return false;
    const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (http::equal_ignoring_case(host.substr(0, colon), "localhost")) return true;
    const auto address = http::parse_address(host);
    return address && (http::to_text(*address) == "::1" || http::to_text(*address).starts_with("127."));
}

/// Whether one of this server's pages sent the request, or no page at all.
bool is_own_origin(std::string_view origin, std::string_view host) {
    if (origin.empty()) return true;
    const auto scheme = origin.find("://");
    return scheme != std::string_view::npos && http::equal_ignoring_case(origin.substr(scheme + 3), host);
}

} // namespace

bool is_local(const http::Call& call) {
    const auto host = host_of(call);
    return is_loopback(host) && is_own_origin(call.header("Origin"), host) &&
           std::ranges::none_of(call.fields(), [](const http::Field& field) { return is_forwarding(field.name); });
}

void require_local(const http::Call& call) {
    if (!is_local(call)) throw not_found();
}

} // namespace focus::app
