#include "core/http/routes.hpp"

#include "core/http/target.hpp"

#include <algorithm>

namespace focus::http {
namespace {

/// Of routes that need no token and set no limit: any client can send there, and an address or a token is short.
constexpr std::size_t k_open_body_limit = std::size_t{8} << 10;

/// Links to other pages of the call's list: its own path and query with one parameter for the page's start.
class Links {
  public:
    explicit Links(const Call& call) : path_{call.target().substr(0, call.target().find('?'))}, kept_{decode_query(call.query())} {
        std::erase_if(kept_, [](const auto& pair) { return pair.first == "skip" || pair.first == "cursor"; });
    }
    void add(std::string_view name, std::string_view value, std::string_view relation) {
        if (!text_.empty()) text_ += ", ";
        ((text_ += '<') += path_) += '?';
        for (const auto& [key, text] : kept_) {
            add_parameter(key, text);
            text_ += '&';
        }
        add_parameter(name, value);
        ((text_ += ">; rel=\"") += relation) += '"';
    }
    [[nodiscard]] Headers headers(std::int64_t total) && {
        Headers headers{{"X-Total-Count", std::to_string(total)}};
        if (!text_.empty()) headers.emplace_back("Link", std::move(text_));
        return headers;
    }

  private:
    void add_parameter(std::string_view key, std::string_view value) {
        append_encoded(text_, key);
        text_ += '=';
        append_encoded(text_, value);
    }

    std::string_view path_;
    Params kept_;
    std::string text_;
};

} // namespace

Headers page_headers(const Call& call, std::int64_t total, std::int64_t skip, std::int64_t limit) {
    Links links{call};
    if (total - skip > limit) links.add("skip", std::to_string(skip + limit), "next");
    if (skip > 0) links.add("skip", std::to_string(std::max<std::int64_t>(0, skip - limit)), "prev");
    return std::move(links).headers(total);
}

Headers page_headers(const Call& call, std::int64_t total, const PageCursors& cursors) {
    Links links{call};
    if (!cursors.next.empty()) links.add("cursor", cursors.next, "next");
    if (!cursors.previous.empty()) links.add("cursor", cursors.previous, "prev");
    return std::move(links).headers(total);
}

void Routes::add_endpoint(Endpoint endpoint) {
    if (endpoint.meta.access == Access::nobody && endpoint.meta.body_limit == Meta{}.body_limit)
        endpoint.meta.body_limit = k_open_body_limit;
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
    if (!pairs) throw Error{k_bad_encoding};
    return std::move(*pairs);
}

void detail::add_disposition(Headers& headers, std::string_view filename) {
    std::string value = "attachment; filename=\"";
    for (const char c : filename) value += c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? c : '_';
    value += "\"; filename*=UTF-8''";
    append_encoded(value, filename);
    headers.emplace_back("Content-Disposition", std::move(value));
}

} // namespace focus::http
