// The client's address behind proxies: X-Forwarded-For, X-Forwarded-Proto and Forwarded (RFC 7239). Always holds: only
// what trusted proxies wrote is used.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::http {

/// An IP address as 16 bytes; IPv4 as its IPv4-mapped form, so that both spellings are one address.
using AddressBytes = std::array<std::uint8_t, 16>;

/// An address with or without port and brackets: "203.0.113.9", "203.0.113.9:4711", "[2001:db8::1]:443", "::1".
[[nodiscard]] std::optional<AddressBytes> parse_address(std::string_view text);
/// The usual text form; IPv4-mapped addresses as IPv4.
[[nodiscard]] std::string to_text(const AddressBytes& address);
/// The network that one customer has, as the limits count it: an IPv4 address, the /64 of an IPv6 address.
[[nodiscard]] AddressBytes network_of(AddressBytes address) noexcept;
/// The same for a textual address, as text; text that is no address is returned unchanged.
[[nodiscard]] std::string network_of(std::string_view address);
/// The /48 of an IPv6 address, which holds 65,536 such networks and may belong to one customer too; nothing for IPv4.
[[nodiscard]] std::optional<AddressBytes> site_of(AddressBytes address) noexcept;

/// The proxies whose headers are trusted.
class TrustedProxies {
  public:
    /// Addresses and CIDR ranges. Throws std::invalid_argument for anything else.
    explicit TrustedProxies(const std::vector<std::string>& ranges);
    [[nodiscard]] bool contains(const AddressBytes& address) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }

  private:
    struct Range {
        AddressBytes address;
        int bits;
    };
    std::vector<Range> ranges_;
};

struct ForwardedHeaders {
    std::string_view x_forwarded_for; // several header lines joined by commas
    std::string_view x_forwarded_proto;
    std::string_view forwarded;
};

struct Client {
    AddressBytes address;
    std::optional<bool> secure; // the scheme that the proxy reports
};

/// The client behind `peer`, which must be trusted: from the last hop to the first, the first address that is not a
/// trusted proxy. `Forwarded` counts only without X-Forwarded-For: a proxy that writes one may pass on the other.
[[nodiscard]] Client client_behind(const AddressBytes& peer, const ForwardedHeaders& headers, const TrustedProxies& trusted);

} // namespace focus::http
