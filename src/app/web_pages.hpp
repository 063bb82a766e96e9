// The web pages for users and administrators: one page (web/) that finds its way by its address, and its files, all
// embedded in the binary.
// Always holds: only the addresses of pages get the page; everything below /api stays the API's.
#pragma once

#include "core/http/routes.hpp"

#include <memory>

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
    /// Whether a page is wanted rather than JSON.
    [[nodiscard]] static bool is_for_browser(const http::Call& call);

  private:
    std::shared_ptr<const http::StaticFiles> files_;
};

} // namespace focus::app
