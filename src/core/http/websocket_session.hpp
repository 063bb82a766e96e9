// WebSocketSession: a connection after its upgrade: handshake, frames in both directions, limits, the end.
// Only the connection includes this.
#pragma once

#include "core/http/connection.hpp"
#include "core/http/exchange.hpp"
#include "core/http/websocket.hpp"

namespace focus::http {

/// Takes over a connection whose request the pipeline has accepted: answers 101 and calls the listener until the
/// connection ends. `x` is only used during the call.
void start_websocket(std::shared_ptr<Worker> worker, PlainStream stream, NetworkLimit::Place place, const Exchange& x, Upgrade upgrade);
void start_websocket(std::shared_ptr<Worker> worker, TlsStream stream, NetworkLimit::Place place, const Exchange& x, Upgrade upgrade);

} // namespace focus::http
