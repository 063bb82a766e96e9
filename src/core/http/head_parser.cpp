#include "core/http/head_parser.hpp"

#include "core/http/headers.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>

namespace focus::http {
namespace {

namespace beast_http = boost::beast::http;

/// RFC 3986 §3.2.2, as far as it matters: no character that could change which host is meant.
bool is_host_char(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view{"-._~!$&'()*+,;=%:[]"}.contains(c);
}

} // namespace

bool HeadParser::parse_head(std::string_view head) {
    // Folded lines (obsolete, RFC 9112 §5.2): other parsers may interpret them differently.
    if (head.contains("\r\n ") || head.contains("\r\n\t")) return false;
    error_code ec;
    eager(false);
    header_limit(static_cast<std::uint32_t>(head.size() + 4096)); // the head's own limit was checked; the rest is for trailers
    put({head.data(), head.size()}, ec);
    return !ec && is_header_done() && is_unambiguous();
}

bool HeadParser::is_unambiguous() const {
    if (hosts_ > 1 || (hosts_ == 0 && is_http11()) || !std::ranges::all_of(host_, is_host_char)) return false;
    if (content_lengths_ > 1 || (content_lengths_ > 0 && transfer_encodings_ > 0)) return false;
    if (transfer_encodings_ > 1 || authorizations_ > 1) return false;
    return transfer_encodings_ == 0 || (is_http11() && equal_ignoring_case(transfer_encoding_, "chunked"));
}

std::size_t HeadParser::parse_chunks(std::string_view data, bool& failed) {
    error_code ec;
    eager(true);
    const auto used = put({data.data(), data.size()}, ec);
    over_limit_ = ec == beast_http::error::body_limit;
    failed = ec && ec != beast_http::error::need_more;
    return used;
}

void HeadParser::on_request_impl(verb, view method, view target, int version, error_code&) {
    method_ = method;
    target_ = target;
    version_ = version;
}

void HeadParser::on_field_impl(field name, view name_text, view value, error_code&) {
    if (in_body_) return;
    fields_.push_back({name_text, value});
    switch (name) {
    case field::host:
        ++hosts_;
        host_ = value;
        break;
    case field::content_length:
        ++content_lengths_;
        break;
    case field::transfer_encoding:
        ++transfer_encodings_;
        transfer_encoding_ = value;
        break;
    case field::authorization:
        ++authorizations_;
        break;
    case field::expect:
        expect_ = value;
        break;
    default:
        break;
    }
}

std::size_t HeadParser::on_chunk_body_impl(std::uint64_t, view body, error_code&) {
    body_ += body;
    return body.size();
}

} // namespace focus::http
