// Router: maps a method and a path to an endpoint and its parameters. A trie over the segments: the time depends on the
// path's length, not on the number of routes. At each position a literal segment takes precedence over a number, a
// number over any text, and any text over the rest of the path (`{name...}`).
#pragma once

#include "core/http/routes.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace focus::http {

class Router {
  public:
    /// `endpoints` must outlive the router and stay where they are. Throws std::logic_error for an invalid pattern, and
    /// for two endpoints of one method and shape.
    explicit Router(const std::vector<Endpoint>& endpoints);
    ~Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) = delete;

    enum class Outcome { found, no_path, no_method, bad_encoding };

    struct Match {
        Outcome outcome = Outcome::no_path;
        const Endpoint* endpoint = nullptr;
        std::size_t index = 0; // of the endpoint
    };
    /// `path` is still percent-encoded; one trailing slash is ignored. Fills `params` when an endpoint was found.
    [[nodiscard]] Match match(Method method, std::string_view path, Params& params) const;

    /// The methods of a path, for `Allow`, HEAD and OPTIONS included: "GET, HEAD, OPTIONS"; empty for none.
    [[nodiscard]] std::string allowed(std::string_view path) const;

  private:
    struct Node;
    struct Walk;
    const std::vector<Endpoint>* endpoints_;
    std::unique_ptr<Node> root_;
};

} // namespace focus::http
