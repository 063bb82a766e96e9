// The opening handshake (RFC 6455 §4.2.1), as far as it is checked before a module's handler runs: what a WebSocket
// request must contain, and where it may carry its token (browsers cannot set headers for WebSockets).
#pragma once

#include "core/http/exchange.hpp"

#include <string>

namespace focus::http {

/// Throws Refused: 426 unless it asks for a WebSocket of version 13, 400 for an invalid key or more than a head.
void require_upgrade(const Exchange& x);
/// The access token: `Authorization`, the sub-protocol "bearer.<token>", or the query's `token`. Empty: none.
[[nodiscard]] std::string websocket_token(const Exchange& x);
} // namespace focus::http
