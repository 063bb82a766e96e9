// Limits the development tools to clients on this machine that connect to the server directly. The check is needed
// because a server on loopback is in development by default, also behind a web server on the same machine.
#pragma once

#include "core/http/call.hpp"

namespace focus::app {

/// Whether a request names this machine as its host, has no header of a proxy, and is not from a page of another
/// site.
[[nodiscard]] bool is_local(const http::Call& call);
/// Throws not_found() for a request that is not local.
void require_local(const http::Call& call);

} // namespace focus::app
