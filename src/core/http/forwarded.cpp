#include "core/http/forwarded.hpp"

#include "core/http/headers.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <stdexcept>

namespace focus::http {
namespace {

namespace ip = boost::asio::ip;

AddressBytes bytes_of(const ip::address& address) {
    return address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes() : address.to_v6().to_bytes();
}

bool is_mapped_v4(const AddressBytes& address) noexcept {
    static constexpr std::array<std::uint8_t, 12> k_mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::equal(k_mapped.begin(), k_mapped.end(), address.begin());
}

/// Removes and returns the last element of a comma-separated list.
std::string_view last_element(std::string_view& list) {
    const auto comma = list.rfind(',');
    const auto element = trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(0, comma);
    return element;
}

/// The value of a parameter in one element of Forwarded: `for="[2001:db8::1]:80";proto=https`.
std::string_view parameter(std::string_view element, std::string_view name) {
    while (!element.empty()) {
        const auto semicolon = element.find(';');
        const auto pair = trim(element.substr(0, semicolon));
        element = semicolon == std::string_view::npos ? std::string_view{} : element.substr(semicolon + 1);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || !equal_ignoring_case(trim(pair.substr(0, equals)), name)) continue;
        auto value = trim(pair.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        return value;
    }
    return {};
}

std::optional<bool> is_https(std::string_view scheme) {
    if (scheme.empty()) return std::nullopt;
    return equal_ignoring_case(scheme, "https");
}

} // namespace

std::optional<AddressBytes> parse_address(std::string_view text) {
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        text = text.substr(1, close - 1);
    } else if (std::ranges::count(text, ':') == 1) {
        text = text.substr(0, text.find(':'));
    }
    if (text.contains('%')) return std::nullopt; // addresses with a scope id are never public
    boost::system::error_code error;
    const auto address = ip::make_address(text, error);
    if (error) return std::nullopt;
    return bytes_of(address);
}

std::string to_text(const AddressBytes& bytes) {
    const ip::address_v6 address{bytes};
    return address.is_v4_mapped() ? ip::make_address_v4(ip::v4_mapped, address).to_string() : address.to_string();
}

AddressBytes network_of(AddressBytes address) noexcept {
    if (!is_mapped_v4(address)) std::fill(address.begin() + 8, address.end(), std::uint8_t{0});
    return address;
}

std::optional<AddressBytes> site_of(AddressBytes address) noexcept {
    if (is_mapped_v4(address)) return std::nullopt;
    std::fill(address.begin() + 6, address.end(), std::uint8_t{0});
    return address;
}

std::string network_of(std::string_view address) {
    const auto bytes = parse_address(address);
    return bytes ? to_text(network_of(*bytes)) : std::string{address};
}

TrustedProxies::TrustedProxies(const std::vector<std::string>& ranges) {
    for (const auto& text : ranges) {
        const auto slash = text.find('/');
        boost::system::error_code error;
        const auto address = ip::make_address(std::string_view{text}.substr(0, slash), error);
        int bits = address.is_v4() ? 32 : 128;
        if (!error && slash != std::string::npos) {
            const auto* end = text.data() + text.size();
            int given = -1;
            const auto [stop, bad] = std::from_chars(text.data() + slash + 1, end, given);
            if (stop != end || bad != std::errc{} || given < 0 || given > bits) error = boost::asio::error::invalid_argument;
            bits = given;
        }
        if (error) throw std::invalid_argument{"not an address or CIDR range: " + text};
        ranges_.push_back({bytes_of(address), address.is_v4() ? bits + 96 : bits});
    }
}

bool TrustedProxies::contains(const AddressBytes& address) const noexcept {
    return std::ranges::any_of(ranges_, [&](const Range& range) {
        const auto whole = static_cast<std::size_t>(range.bits / 8);
        if (!std::equal(address.begin(), address.begin() + range.bits / 8, range.address.begin())) return false;
        const int rest = range.bits % 8;
        if (rest == 0) return true;
        const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
        return (address[whole] & mask) == (range.address[whole] & mask);
    });
}

Client client_behind(const AddressBytes& peer, const ForwardedHeaders& headers, const TrustedProxies& trusted) {
    Client client{.address = peer, .secure = std::nullopt};
    const bool by_x = !headers.x_forwarded_for.empty();
    auto hops = by_x ? headers.x_forwarded_for : headers.forwarded;
    if (by_x || headers.forwarded.empty()) {
        auto protos = headers.x_forwarded_proto;
        client.secure = is_https(last_element(protos));
    }
    while (!hops.empty() && trusted.contains(client.address)) {
        const auto element = last_element(hops);
        const auto address = parse_address(by_x ? element : parameter(element, "for"));
        if (!by_x) client.secure = is_https(parameter(element, "proto"));
        if (!address) break; // "unknown", an obfuscated name or invalid: the hop that wrote it is the last known one
        client.address = *address;
    }
    return client;
}

} // namespace focus::http
