// Links by which people stop optional mails without signing in (RFC 8058). A link says whose it is and is signed; it is
// good for ever and for nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace focus::mail {

class UnsubscribeLinks {
  public:
    UnsubscribeLinks() = default;
    /// `base_url` is where the API answers, without a trailing slash.
    UnsubscribeLinks(std::string key, std::string base_url) : key_{std::move(key)}, base_url_{std::move(base_url)} {}

    [[nodiscard]] std::string url(std::int64_t user_id) const;
    /// The page of such an address that asks before it acts, for people; the address itself is for mail programs.
    [[nodiscard]] static std::string page_of(std::string url);
    /// Whose token it is; nothing when it was not signed here.
    [[nodiscard]] std::optional<std::int64_t> user_of(std::string_view token) const;

  private:
    [[nodiscard]] std::string signature(std::string_view user_id) const;

    std::string key_;
    std::string base_url_;
};

} // namespace focus::mail
