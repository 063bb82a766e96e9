// A request as received: head, target, the headers that affect its processing, a chunked body.
#include "core/http/forwarded.hpp"
#include "core/http/head_parser.hpp"
#include "core/http/headers.hpp"
#include "core/http/target.hpp"
#include "fuzz.hpp"

namespace focus::fuzz {
namespace {

void check_target(std::string_view text) {
    const auto target = http::split_target(text);
    if (!target) return;
    must(target->path == "*" || target->path.starts_with('/'), "a path begins with a slash");
    for (auto rest = target->path.substr(1); !rest.empty();) {
        const auto segment = rest.substr(0, rest.find('/'));
        rest.remove_prefix(std::min(segment.size() + 1, rest.size()));
        const auto decoded = http::decode_segment(segment);
        if (!decoded) continue;
        must(!decoded->contains('\0'), "a segment has no NUL");
        std::string again;
        http::append_encoded(again, *decoded);
        must(http::decode_segment(again) == decoded, "what is encoded is decoded to the same");
    }
    static_cast<void>(http::decode_pairs(target->query));
}

void check_header(std::string_view value) {
    for (auto list = value; !list.empty();) static_cast<void>(http::next_element(list));
    static_cast<void>(http::accepts_coding(value, "gzip"));
    static_cast<void>(http::accept_weight(value, "text/html"));
    static_cast<void>(http::matches_etag(value, "\"x\""));
    static_cast<void>(http::is_allowed_host(value, {"focus.example", "*.focus.example"}));
    const auto bearer = http::parse_bearer(value);
    must(bearer.kind != http::Bearer::Kind::token || !bearer.token.contains(' '), "a token has no spaces");
    if (const auto address = http::parse_address(value))
        must(http::parse_address(http::to_text(*address)) == address, "an address goes both ways");
    static const http::TrustedProxies trusted{{"10.0.0.0/8", "2001:db8::/32"}};
    const auto peer = http::parse_address("10.0.0.1").value();
    static_cast<void>(http::client_behind(peer, {value, "https", ""}, trusted));
    static_cast<void>(http::client_behind(peer, {"", "", value}, trusted));
}

void run(std::string_view text) {
    const auto end = text.find("\r\n\r\n");
    const auto head = text.substr(0, end == std::string_view::npos ? text.size() : end + 4);
    std::vector<http::Field> fields;
    std::string body;
    http::HeadParser parser{fields, body};
    if (!parser.parse_head(head)) return;
    check_target(parser.target());
    const auto inside = [head](std::string_view part) {
        return part.data() >= head.data() && part.data() + part.size() <= head.data() + head.size();
    };
    for (const auto& field : fields) {
        must(inside(field.name) && inside(field.value), "fields are views into the head");
        check_header(field.value);
    }
    if (!parser.chunked()) return;
    constexpr std::size_t k_limit = 1000;
    parser.body_limit(k_limit);
    std::string rest{text.substr(head.size())};
    bool failed = false;
    while (!rest.empty() && !failed && !parser.is_done()) {
        const auto used = parser.parse_chunks(rest, failed);
        rest.erase(0, used);
        if (used == 0) break;
    }
    must(body.size() <= k_limit, "a body keeps its limit");
}

} // namespace
} // namespace focus::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    focus::fuzz::run(focus::fuzz::text_of(data, size));
    return 0;
}
