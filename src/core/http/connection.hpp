// Connection: reads requests one after the other, runs them through the pipeline and writes the answers in order.
// Templated over the stream: a plain socket, or TLS over one. Only the worker includes this.
#pragma once

#include "core/http/worker.hpp"

#include <boost/asio/ssl/stream.hpp>

namespace focus::http {

using PlainStream = Worker::Socket;
using TlsStream = boost::asio::ssl::stream<Worker::Socket>;

/// Serves a connection until either side ends it. `peer` is the client's address, `place` its counted place.
Task<void> serve_connection(std::shared_ptr<Worker> worker, PlainStream stream, AddressBytes peer, NetworkLimit::Place place);
/// The same, with a TLS handshake first.
Task<void> serve_connection(std::shared_ptr<Worker> worker, TlsStream stream, AddressBytes peer, NetworkLimit::Place place);

} // namespace focus::http
