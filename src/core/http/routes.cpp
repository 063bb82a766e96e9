#include "core/http/routes.hpp"

#include "core/http/headers.hpp"
#include "core/http/target.hpp"

#include <algorithm>

namespace focus::http {
namespace {

constexpr Text k_bad_encoding{"The address contains broken percent-encoding.", "L'adresse contient un encodage « % » incorrect."};
constexpr Text k_not_json{"The body must be JSON (Content-Type: application/json).",
                          "Le corps doit être du JSON (Content-Type: application/json)."};

/// The call's own path and query with some parameters replaced.
std::string page_link(const Call& call, const Params& kept, std::string_view name, std::string_view value, std::string_view relation) {
    const auto target = call.target();
    std::string link = "<";
    link += target.substr(0, target.find('?'));
    char separator = '?';
    const auto add = [&](std::string_view key, std::string_view text) {
        link += separator;
        separator = '&';
        append_encoded(link, key);
        link += '=';
        append_encoded(link, text);
    };
    for (const auto& [key, text] : kept) add(key, text);
    add(name, value);
    return (link += ">; rel=\"") += std::string{relation} + '"';
}

} // namespace

Headers page_headers(const Call& call, std::int64_t total, std::int64_t skip, std::int64_t limit, std::string_view next_cursor) {
    Headers headers{{"X-Total-Count", std::to_string(total)}};
    const bool more = !next_cursor.empty() || total - skip > limit;
    if (!more && skip <= 0) return headers;
    auto kept = decode_query(call.query());
    std::erase_if(kept, [](const auto& pair) { return pair.first == "skip" || pair.first == "cursor"; });
    std::string links;
    if (!next_cursor.empty())
        links = page_link(call, kept, "cursor", next_cursor, "next");
    else if (more)
        links = page_link(call, kept, "skip", std::to_string(skip + limit), "next");
    if (skip > 0) {
        if (!links.empty()) links += ", ";
        links += page_link(call, kept, "skip", std::to_string(std::max<std::int64_t>(0, skip - limit)), "prev");
    }
    headers.emplace_back("Link", std::move(links));
    return headers;
}

void Routes::add_endpoint(Endpoint endpoint) {
    endpoint.label = std::string{to_string(endpoint.method)} + ' ' + endpoint.pattern;
    endpoints_.push_back(std::move(endpoint));
}

void Routes::serve(std::string_view pattern, Meta meta, Handler handler) {
    Endpoint endpoint{.method = Method::get, .pattern = std::string{pattern}, .meta = std::move(meta), .handler = std::move(handler)};
    endpoint.signature.out = Signature::Out::raw;
    add_endpoint(std::move(endpoint));
}

Params decode_query(std::string_view query) {
    auto pairs = decode_pairs(query);
    if (!pairs) throw Error{ErrorKind::bad_request, "bad_encoding", k_bad_encoding};
    return std::move(*pairs);
}

void require_json(const Call& call) {
    const auto type = call.header("Content-Type");
    if (!type.empty() && !is_json_type(type)) throw Error{ErrorKind::unsupported_type, "unsupported_media_type", k_not_json};
}

void detail::add_disposition(Headers& headers, std::string_view filename) {
    std::string value = "attachment; filename=\"";
    for (const char c : filename) value += c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? c : '_';
    value += "\"; filename*=UTF-8''";
    append_encoded(value, filename);
    headers.emplace_back("Content-Disposition", std::move(value));
}

} // namespace focus::http
