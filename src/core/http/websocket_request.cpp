#include "core/http/websocket_request.hpp"

#include "core/http/headers.hpp"
#include "core/http/target.hpp"

#include <algorithm>

namespace focus::http {
namespace {

/// Whether a header that is a comma-separated list has the element, in any case. Repeated headers are one list.
template <class F>
bool any_element(const Call& call, std::string_view name, F matches) {
    for (const auto& field : call.fields()) {
        if (!equal_ignoring_case(field.name, name)) continue;
        auto list = field.value;
        for (auto element = next_element(list); !element.empty(); element = next_element(list))
            if (matches(element)) return true;
    }
    return false;
}

/// 16 bytes in base64 (RFC 6455 §4.1 no. 7).
bool is_key(std::string_view key) {
    constexpr std::string_view k_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return key.size() == 24 && key.ends_with("==") && key.substr(0, 22).find_first_not_of(k_alphabet) == std::string_view::npos;
}

} // namespace

void require_upgrade(const Exchange& x) {
    const auto is = [](std::string_view wanted) {
        return [wanted](std::string_view element) { return equal_ignoring_case(element, wanted); };
    };
    if (x.method != "GET" || !any_element(x, "Connection", is("upgrade")) || !any_element(x, "Upgrade", is("websocket")) ||
        trim(x.header("Sec-WebSocket-Version")) != "13")
        throw Refused{&refusals::upgrade_required};
    if (!is_key(trim(x.header("Sec-WebSocket-Key"))) || x.has_body) throw Refused{&refusals::bad_handshake};
}

std::string websocket_token(const Exchange& x) {
    if (const auto bearer = parse_bearer(x.header("Authorization")); bearer.kind == Bearer::Kind::token) return std::string{bearer.token};
    constexpr std::string_view k_prefix = "bearer.";
    std::string token;
    any_element(x, "Sec-WebSocket-Protocol", [&](std::string_view element) {
        if (element.starts_with(k_prefix)) token = element.substr(k_prefix.size());
        return !token.empty();
    });
    if (!token.empty()) return token;
    if (auto pairs = decode_pairs(x.query())) {
        const auto found = std::ranges::find(*pairs, "token", &std::pair<std::string, std::string>::first);
        if (found != pairs->end()) return std::move(found->second);
    }
    return {};
}

bool offers_subprotocol(const Call& call, std::string_view name) {
    return any_element(call, "Sec-WebSocket-Protocol", [name](std::string_view element) { return element == name; });
}

} // namespace focus::http
