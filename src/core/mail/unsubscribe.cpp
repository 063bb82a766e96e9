#include "core/mail/unsubscribe.hpp"

#include "core/crypto/crypto.hpp"

#include <charconv>

namespace focus::mail {

std::string UnsubscribeLinks::signature(std::string_view user_id) const {
    return crypto::base64url_encode(crypto::hmac_sha256(key_, "unsubscribe:" + std::string{user_id}));
}

std::string UnsubscribeLinks::url(std::int64_t user_id) const {
    const auto id = std::to_string(user_id);
    return base_url_ + "/api/unsubscribe?token=" + id + "." + signature(id);
}

std::string UnsubscribeLinks::page_of(std::string url) {
    constexpr std::string_view k_api = "/api";
    const auto at = url.find("/api/unsubscribe?");
    return at == std::string::npos ? url : url.erase(at, k_api.size());
}

std::optional<std::int64_t> UnsubscribeLinks::user_of(std::string_view token) const {
    const auto dot = token.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto id = token.substr(0, dot);
    if (!crypto::equal_constant_time(token.substr(dot + 1), signature(id))) return std::nullopt;
    std::int64_t user_id = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), user_id);
    if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
    return user_id;
}

} // namespace focus::mail
