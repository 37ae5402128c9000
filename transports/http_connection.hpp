#pragma once

#include "transports/io_thread.hpp"
#include "transports/stream.hpp"
#include "transports/ticket.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// Serves one accepted connection: its requests, to its end or until one of them
/// makes it a WebSocket session, which then runs by itself. On the ticket's
/// thread.
Task<void> serve(Ticket ticket, Stream stream);

}  // namespace callstate::transports
