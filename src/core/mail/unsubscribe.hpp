// Links by which users stop optional mails without authentication (RFC 8058). Always holds: a link names its user and
// is signed; it never expires and allows nothing but that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace focus::mail {

class UnsubscribeLinks {
  public:
    UnsubscribeLinks() = default;
    /// `base_url` is the public address of the API, without a trailing slash.
    UnsubscribeLinks(std::string key, std::string base_url) : key_{std::move(key)}, base_url_{std::move(base_url)} {}

    [[nodiscard]] std::string url(std::int64_t user_id) const;
    /// The page that asks for confirmation, for users; the address itself is for mail programs.
    [[nodiscard]] static std::string page_of(std::string url);
    /// The user of a token; nothing when it was not signed with this key.
    [[nodiscard]] std::optional<std::int64_t> user_of(std::string_view token) const;

  private:
    [[nodiscard]] std::string signature(std::string_view user_id) const;

    std::string key_;
    std::string base_url_;
};

} // namespace focus::mail
