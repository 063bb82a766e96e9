// The web pages for users and administrators: one page (web/) that finds its way by its address, and its files, all
// embedded in the binary.
// Always holds: only the addresses of pages get the page; everything below /api stays the API's.
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

    /// Serves every page's address but `/` (add_system_routes does that one), and the files below /assets.
    void add_routes(http::Routes& routes) const;
    /// The page itself, for a route that answers browsers and programs differently.
    [[nodiscard]] http::Response page(const http::Call& call) const;
    /// The page, which says that there is nothing here, with 404: for browsers, outside of the API. Else nothing.
    [[nodiscard]] std::optional<http::Response> page_for_unknown(const http::Call& call, std::string_view path) const;
    /// Whether a page is wanted rather than JSON.
    [[nodiscard]] static bool is_for_browser(const http::Call& call);

  private:
    std::shared_ptr<const http::StaticFiles> files_;
};

} // namespace focus::app
