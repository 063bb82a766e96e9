// The web pages for users and administrators: one page (web/) that routes by its address, and its files, all embedded
// in the binary.
// Always holds: only the addresses of pages return the page; everything below /api belongs to the API.
#pragma once

#include "core/http/routes.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace focus::http {
class StaticFiles;
}

namespace focus::app {

class WebPages {
  public:
    WebPages();

    /// Serves the addresses of all pages except `/` (see add_system_routes), and the files below /assets.
    void add_routes(http::Routes& routes) const;
    /// The page itself, for a route that answers browsers and programs differently.
    [[nodiscard]] http::Response page(const http::Call& call) const;
    /// The page with status 404, for browsers outside of the API; else nothing. It shows "not found".
    [[nodiscard]] std::optional<http::Response> page_for_unknown(const http::Call& call, std::string_view path) const;
    /// Whether the client prefers a page to JSON.
    [[nodiscard]] static bool is_for_browser(const http::Call& call);

  private:
    std::shared_ptr<const http::StaticFiles> files_;
};

} // namespace focus::app
