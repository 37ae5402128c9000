#include "tools/bench/peers/pairs.hpp"
#include "tools/bench/peers/served.hpp"

namespace callstate::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t pair_count = 64;
constexpr std::size_t rounds = 5;
constexpr auto warm_up = 500ms;
constexpr auto time = 2s;

/// A server, its pairs, and what came of each round.
struct Contestant {
  Contestant(const Options& options, std::unique_ptr<Peer> as, const std::string& name)
      : served(options, std::move(as), name),
        pairs(*served.peer, served.server.port(), pair_count) {}

  double play() {
    const auto before = served.server.usage();
    const auto flat = pairs.flat_out(warm_up, time);
    const auto after = served.server.usage();
    rates.push_back(flat.messages_per_s);
    cpu_us.push_back((after.cpu_us - before.cpu_us) / flat.messages_in_all);
    switches.push_back((after.switches - before.switches) / flat.messages_in_all);
    own_limits.push_back(flat.own_limit);
    return flat.messages_per_s;
  }

  Served served;
  Pairs pairs;
  std::vector<double> rates;
  std::vector<double> cpu_us;
  std::vector<double> switches;
  std::vector<double> own_limits;
};

}  // namespace

// Signaling messages a second, each counted once, when it has reached the other
// side: callstate beside a relay that keeps nothing.
void measure_flat_out(const Options& options, std::vector<Figure>& figures) {
  keep_to_core(own_core);
  Contestant ours(options, callstate_peer(), "flat-callstate");
  Contestant ws(options, ws_peer(), "flat-ws");
  std::vector<double> ratios;
  for (std::size_t round = 0; round < rounds; ++round) {
    const double rate = ours.play();
    ratios.push_back(rate / ws.play());
  }
  const double relayed = median(ws.rates);
  figures.push_back({.name = "flat_out",
                     .value = median(ours.rates),
                     .unit = "msg/s",
                     .ceiling = relayed,
                     .ceiling_name = "64 pairs over the ws relay",
                     .ratio = median(ratios),
                     .target = 0.8});
  const auto show = [&](const std::string& name, double value, const std::string& unit,
                        const std::string& what) {
    figures.push_back({.name = name, .value = value, .unit = unit, .ceiling_name = what});
  };
  show("flat_out_cpu", median(ours.cpu_us), "us", "callstate's CPU for a message");
  show("flat_out_ws_cpu", median(ws.cpu_us), "us", "the ws relay's");
  show("flat_out_waits", median(ours.switches) * 1'000, "/1000msg",
       "voluntary context switches of callstate");
  show("flat_out_ws_waits", median(ws.switches) * 1'000, "/1000msg", "the ws relay's");
  show("flat_out_gen", median(ours.own_limits), "msg/s",
       "what the load generator could have played against callstate");
  show("flat_out_ws_gen", median(ws.own_limits), "msg/s", "and against the ws relay");
}

}  // namespace callstate::bench
