#include <chrono>
#include <stdexcept>

#include "tools/bench/peers/crowd.hpp"
#include "tools/bench/peers/served.hpp"

namespace callstate::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t clients = 10'000;  // two in each call

std::string user(std::size_t client) {
  return "user-" + std::to_string(client);
}

std::string handshake(std::size_t client, const std::string& query) {
  return ws_handshake("/v1/ws" + query, development_token(user(client)));
}

/// The position of an event, 0 in other texts.
std::uint64_t position(std::string_view text) {
  constexpr std::string_view key = R"("pos":)";
  const auto at = text.find(key);
  return at == text.npos ? 0 : std::stoull(std::string(text.substr(at + key.size(), 20)));
}

/// Everybody comes, and each pair plays a call. Gives what each would have as
/// its cursor had it lost its connection while it rang.
std::vector<std::uint64_t> play_calls(const Peer& peer, std::uint16_t port) {
  std::vector<std::uint64_t> cursors(clients);
  std::vector<std::string> handshakes;
  for (std::size_t i = 0; i < clients; ++i) handshakes.push_back(handshake(i, ""));
  Crowd crowd(port);
  crowd.connect(handshakes, true, [](std::size_t, std::string_view) {});
  const auto say = [&](std::size_t client, Step step) {
    crowd.send(client, peer.message(step, "room-" + std::to_string(client / 2), user(client | 1U)));
  };
  std::size_t ended = 0;
  for (std::size_t i = 0; i < clients; i += 2) say(i, Step::started);
  crowd.listen([&] { return ended == clients; },
               [&](std::size_t client, std::string_view text) {
                 const auto heard = peer.hear(text);
                 if (!heard.problem.empty()) throw std::runtime_error(std::string(text));
                 if (!heard.step) return;
                 if (*heard.step == Step::ended) ++ended;
                 if (*heard.step == Step::started) cursors[client] = position(text);
                 const bool is_callee = client % 2 == 1;
                 if (is_callee && *heard.step == Step::started) say(client, Step::ringing);
                 if (is_callee && *heard.step == Step::ringing) say(client, Step::accepted);
                 if (!is_callee && *heard.step == Step::accepted) say(client, Step::ended);
               });
  return cursors;
}

}  // namespace

// Everybody comes back after the server was killed, each with a cursor that a
// call has gone beyond: until each has heard how that call ended. The server's
// start is part of the time.
void measure_reconnect(const Options& options, std::vector<Figure>& figures) {
  keep_to_core(own_core);
  allow_open_files(clients + 1'024);
  const auto peer = callstate_peer();
  const auto folder = fresh_folder(options, "reconnect");
  const auto start = [&] {
    return std::make_unique<ServerProcess>(ServerProcess::callstate(options, folder),
                                           folder + ".err", server_core);
  };
  std::vector<std::string> handshakes;
  {
    const auto server = start();
    const auto cursors = play_calls(*peer, server->port());
    for (std::size_t i = 0; i < clients; ++i) {
      handshakes.push_back(handshake(i, "?since=" + std::to_string(cursors[i])));
    }
  }
  const auto began = Clock::now();
  const auto server = start();
  Crowd crowd(server->port());
  crowd.connect(handshakes, false, [&](std::size_t client, std::string_view text) {
    if (text.find("CURSOR_EXPIRED") != text.npos) {
      throw std::runtime_error("the server does not send what came after a cursor");
    }
    if (peer->hear(text).step == Step::ended) crowd.is_in(client);
  });
  figures.push_back({.name = "reconnect",
                     .value = std::chrono::duration<double>(Clock::now() - began).count(),
                     .unit = "s",
                     .ceiling_name = std::to_string(clients) + " clients after a restart",
                     .target = 5,
                     .at_least = false});
}

}  // namespace callstate::bench
