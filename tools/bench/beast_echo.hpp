#pragma once

namespace callstate::bench {

/// What a WebSocket server costs that does nothing: a plain Boost.Beast
/// `websocket::stream` on one thread, which sends each message back. Prints the
/// same ready line as the server; runs until it is killed.
int serve_beast_echo();

}  // namespace callstate::bench
