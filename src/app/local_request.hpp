// Who may use the tools of development: only a client on this machine that talks to the server itself. A server that
// listens on loopback runs in development by default, also behind a web server on the same machine.
#pragma once

#include "core/http/call.hpp"

namespace focus::app {

/// Whether a request names this machine as its host, came through no proxy that says so, and is not from another site's
/// page.
[[nodiscard]] bool is_local(const http::Call& call);
/// Throws not_found() for a request that is not local.
void require_local(const http::Call& call);

} // namespace focus::app
