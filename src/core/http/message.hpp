// The plain data of HTTP that modules and the server share: methods, header lists, the answers of handlers.
#pragma once

#include "core/async/task.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::http {

using async::Task;

enum class Method { get, post, put, patch, delete_ };

/// "GET", "POST", …
[[nodiscard]] std::string_view to_string(Method method) noexcept;

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Pulls the next piece of a streamed body; nothing at its end.
using Source = std::function<Task<std::optional<std::string>>()>;

struct Upgrade;

/// An answer that is to be sent to the client.
struct Response {
    int status = 200;
    std::string_view content_type = {}; // static storage or owned by `owned_type`; empty: no body
    std::string owned_type = {};
    Headers headers = {};
    std::string body = {};
    std::string_view shared_body = {};     // bytes that outlive the server (embedded files), sent instead of `body`
    Source source = {};                    // a streamed body, sent instead of both
    std::shared_ptr<Upgrade> upgrade = {}; // with 101: from then on the connection is a WebSocket
    std::string_view error_code = {};      // of a problem; for log and metrics

    [[nodiscard]] std::string_view bytes() const noexcept { return shared_body.empty() ? std::string_view{body} : shared_body; }
    [[nodiscard]] std::string_view type() const noexcept { return owned_type.empty() ? content_type : std::string_view{owned_type}; }
    /// Empty when the header is not there; `name` in any case.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

inline constexpr std::string_view k_json = "application/json";
inline constexpr std::string_view k_problem_json = "application/problem+json";

} // namespace focus::http
