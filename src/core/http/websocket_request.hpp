// The opening handshake (RFC 6455 §4.2.1) as far as it must be judged before a room answers: what a request for a
// WebSocket has to say, and where it may carry its token (browsers can't set headers for WebSockets).
#pragma once

#include "core/http/exchange.hpp"

#include <string>

namespace focus::http {

/// Throws Refused: 426 for what asks for no WebSocket of version 13, 400 for a broken key or more than a head.
void require_upgrade(const Exchange& x);
/// The access token: `Authorization`, the sub-protocol "bearer.<token>", or the query's `token`. Empty: none.
[[nodiscard]] std::string websocket_token(const Exchange& x);
} // namespace focus::http
