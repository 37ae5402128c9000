#include <chrono>
#include <stdexcept>

#include "tools/bench/peers/crowd.hpp"
#include "tools/bench/peers/served.hpp"

namespace callstate::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t rounds = 3;
constexpr std::size_t first_ones = 2'000;  // not counted
constexpr std::size_t counted = 8'000;

std::vector<std::string> handshakes(const Peer& peer, const std::string& prefix,
                                    std::size_t count) {
  std::vector<std::string> made;
  for (std::size_t i = 0; i < count; ++i) {
    const auto user = prefix + std::to_string(i);
    made.push_back(peer.handshake(user, user));
  }
  return made;
}

struct Storm {
  double per_s = 0;
  double cpu_us = 0;     // of the server, for each
  double own_limit = 0;  // how many a second could have come
};

/// Clients that come to a server which has just been started.
Storm storm(const Options& options, std::unique_ptr<Peer> as, const std::string& name) {
  const Served served(options, std::move(as), name);
  const auto& peer = *served.peer;
  const auto warming = handshakes(peer, "first-", first_ones);
  const auto coming = handshakes(peer, "storm-", counted);
  Crowd crowd(served.server.port());
  const auto hear = [&](std::size_t client, std::string_view text) {
    const auto heard = peer.hear(text);
    if (!heard.problem.empty()) throw std::runtime_error("refused: " + std::string(text));
    if (heard.ready) crowd.is_in(client);
  };
  crowd.connect(warming, peer.ready_at_once(), hear);
  const auto before = served.server.usage();
  const auto began = Clock::now();
  const auto busy = crowd.connect(coming, peer.ready_at_once(), hear);
  const std::chrono::duration<double> took = Clock::now() - began;
  const auto after = served.server.usage();
  return {.per_s = counted / took.count(),
          .cpu_us = (after.cpu_us - before.cpu_us) / counted,
          .own_limit = counted / std::chrono::duration<double>(busy).count()};
}

}  // namespace

// Clients that all come at once, each a user of its own in a room of its own:
// with a token that is verified and a session that is in the log, beside a relay
// that asks nobody who they are.
void measure_storm(const Options& options, std::vector<Figure>& figures) {
  keep_to_core(own_core);
  allow_open_files(first_ones + counted + 1'024);
  struct Contestant {
    void add(const Storm& storm) {
      per_s.push_back(storm.per_s);
      cpu_us.push_back(storm.cpu_us);
      own_limits.push_back(storm.own_limit);
    }
    std::vector<double> per_s;
    std::vector<double> cpu_us;
    std::vector<double> own_limits;
  };
  Contestant ours;
  Contestant ws;
  std::vector<double> ratios;
  for (std::size_t round = 0; round < rounds; ++round) {
    ours.add(storm(options, callstate_peer(), "storm-callstate"));
    ws.add(storm(options, ws_peer(), "storm-ws"));
    ratios.push_back(ours.per_s.back() / ws.per_s.back());
  }
  figures.push_back({.name = "connect_storm",
                     .value = median(ours.per_s),
                     .unit = "conn/s",
                     .ceiling = median(ws.per_s),
                     .ceiling_name = "to the ws relay, without tokens",
                     .ratio = median(ratios),
                     .target = 1.5});
  const auto show = [&](const std::string& name, double value, const std::string& unit,
                        const std::string& what) {
    figures.push_back({.name = name, .value = value, .unit = unit, .ceiling_name = what});
  };
  show("connect_storm_cpu", median(ours.cpu_us), "us", "callstate's CPU for a connection");
  show("connect_storm_ws_cpu", median(ws.cpu_us), "us", "the ws relay's");
  show("connect_storm_gen", median(ours.own_limits), "conn/s", "what the load generator could do");
}

}  // namespace callstate::bench
