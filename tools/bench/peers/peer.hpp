#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench/figure.hpp"

namespace callstate::bench {

/// The messages of a call, in their order. The caller sends the first and the
/// last, the callee those between.
enum class Step : std::uint8_t { started, ringing, accepted, ended };
constexpr std::size_t steps = 4;

constexpr bool from_caller(Step step) {
  return step == Step::started || step == Step::ended;
}

/// What a text from a server means to a client.
struct Heard {
  bool ready = false;          // the client is in its room
  std::optional<Step> step{};  // a message of the call
  std::string_view answer{};   // what the server is to be told, if anything
  std::string_view problem{};  // the server refused something
};

/// A server that passes calls on, and how a client speaks to it.
class Peer {
 public:
  virtual ~Peer() = default;

  /// The command that starts it; `data_dir` is where it may keep things.
  [[nodiscard]] virtual std::vector<std::string> command(const Options& options,
                                                         const std::string& data_dir) const = 0;
  /// The head of the handshake of a user for a room.
  [[nodiscard]] virtual std::string handshake(const std::string& user,
                                              const std::string& room) const = 0;
  /// The text of a message of the call in that room.
  [[nodiscard]] virtual std::string message(Step step, const std::string& room,
                                            const std::string& callee) const = 0;
  [[nodiscard]] virtual Heard hear(std::string_view text) const = 0;
  /// Whether a client is in its room as soon as hands are shaken.
  [[nodiscard]] virtual bool ready_at_once() const { return false; }
};

/// With these flags besides those of every benchmark.
std::unique_ptr<Peer> callstate_peer(std::vector<std::string> flags = {});
/// The relay on `ws`.
std::unique_ptr<Peer> ws_peer();
/// The relay on Socket.IO, on Node with these flags.
std::unique_ptr<Peer> socketio_peer(std::vector<std::string> node_flags = {});

/// The head of a WebSocket handshake. `token` may be empty.
std::string ws_handshake(const std::string& path, const std::string& token);

}  // namespace callstate::bench
