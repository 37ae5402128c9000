#include "tools/bench/peers/peer.hpp"

#include <array>

#include "tools/bench/server_process.hpp"

namespace callstate::bench {
namespace {

constexpr std::array<std::string_view, steps> names{"CALL_STARTED", "RINGING", "ACCEPTED", "ENDED"};

/// The same text for all, so that all parse the same.
std::string call_message(Step step, const std::string& room, const std::string& callee) {
  const std::string name(names[static_cast<std::size_t>(step)]);
  std::string text = R"({"type":")" + name + R"(","roomName":")" + room + '"';
  if (step == Step::started) text += R"(,"calleeId":")" + callee + R"(","callerName":"Caller")";
  if (step == Step::ended) text += R"(,"reason":"hangup")";
  return text + "}";
}

/// The step that a message's JSON begins with.
std::optional<Step> step_of(std::string_view json) {
  constexpr std::string_view begin = R"({"type":")";
  if (!json.starts_with(begin)) return std::nullopt;
  const auto type = json.substr(begin.size());
  for (std::size_t i = 0; i < steps; ++i) {
    if (type.starts_with(names[i])) return static_cast<Step>(i);
  }
  return std::nullopt;
}

std::vector<std::string> node(const Options& options, const std::vector<std::string>& flags,
                              const std::string& file) {
  std::vector<std::string> words{"/usr/bin/env", "node"};
  words.insert(words.end(), flags.begin(), flags.end());
  words.push_back(options.relays + "/" + file);
  return words;
}

class Callstate final : public Peer {
 public:
  explicit Callstate(std::vector<std::string> flags) : flags_(std::move(flags)) {}

  std::vector<std::string> command(const Options& options,
                                   const std::string& data_dir) const override {
    auto words = ServerProcess::callstate(options, data_dir);
    words.insert(words.end(), flags_.begin(), flags_.end());
    return words;
  }
  std::string handshake(const std::string& user, const std::string& room) const override {
    return ws_handshake("/party/" + room, development_token(user));
  }
  std::string message(Step step, const std::string& room,
                      const std::string& callee) const override {
    return call_message(step, room, callee);
  }
  Heard hear(std::string_view text) const override {
    if (const auto step = step_of(text)) return {.step = step};
    if (text.starts_with(R"({"type":"ROOM_STATE")")) return {.ready = true};
    if (text.starts_with(R"({"type":"ERROR")")) return {.problem = text};
    return {};
  }

 private:
  std::vector<std::string> flags_;
};

class WsRelay final : public Peer {
 public:
  std::vector<std::string> command(const Options& options, const std::string&) const override {
    return node(options, {}, "ws_relay.mjs");
  }
  std::string handshake(const std::string&, const std::string& room) const override {
    return ws_handshake("/party/" + room, "");
  }
  std::string message(Step step, const std::string& room,
                      const std::string& callee) const override {
    return call_message(step, room, callee);
  }
  Heard hear(std::string_view text) const override { return {.step = step_of(text)}; }
  bool ready_at_once() const override { return true; }
};

/// As much of Engine.IO 4 and Socket.IO 5 as a client needs: packets are texts,
/// `0` opens, `40` connects, `42` is an event, and `2` asks for a `3`.
class SocketIoRelay final : public Peer {
 public:
  explicit SocketIoRelay(std::vector<std::string> flags) : flags_(std::move(flags)) {}

  std::vector<std::string> command(const Options& options, const std::string&) const override {
    return node(options, flags_, "socketio_relay.mjs");
  }
  std::string handshake(const std::string&, const std::string& room) const override {
    return ws_handshake("/socket.io/?EIO=4&transport=websocket&room=" + room, "");
  }
  std::string message(Step step, const std::string& room,
                      const std::string& callee) const override {
    return std::string(event) + call_message(step, room, callee) + "]";
  }
  Heard hear(std::string_view text) const override {
    if (text.starts_with(event)) return {.step = step_of(text.substr(event.size()))};
    if (text.starts_with("40")) return {.ready = true};
    if (text.starts_with("0")) return {.answer = "40"};
    if (text == "2") return {.answer = "3"};
    return {.problem = text};
  }

 private:
  static constexpr std::string_view event = R"(42["message",)";
  std::vector<std::string> flags_;
};

}  // namespace

std::string ws_handshake(const std::string& path, const std::string& token) {
  std::string head = "GET " + path +
                     " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!token.empty()) head += "Authorization: Bearer " + token + "\r\n";
  return head + "\r\n";
}

std::unique_ptr<Peer> callstate_peer(std::vector<std::string> flags) {
  return std::make_unique<Callstate>(std::move(flags));
}

std::unique_ptr<Peer> ws_peer() {
  return std::make_unique<WsRelay>();
}

std::unique_ptr<Peer> socketio_peer(std::vector<std::string> node_flags) {
  return std::make_unique<SocketIoRelay>(std::move(node_flags));
}

}  // namespace callstate::bench
