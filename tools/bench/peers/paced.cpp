#include "tools/bench/peers/disk.hpp"
#include "tools/bench/peers/pairs.hpp"
#include "tools/bench/peers/served.hpp"

namespace callstate::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t pair_count = 512;
constexpr double calls_per_s = 2'000;
constexpr std::size_t rounds = 4;
constexpr auto warm_up = 500ms;
constexpr auto time = 3s;
constexpr std::size_t syncs = 2'000;

/// The quantiles of each round.
struct Latencies {
  void add(std::vector<double> took_us) {
    p50.push_back(percentile(took_us, 0.5));
    p99.push_back(percentile(took_us, 0.99));
  }
  std::vector<double> p50;
  std::vector<double> p99;
};

struct Contestant {
  Contestant(const Options& options, std::unique_ptr<Peer> as, const std::string& name)
      : served(options, std::move(as), name),
        pairs(*served.peer, served.server.port(), pair_count) {}

  void play() { hops.add(pairs.paced(calls_per_s, warm_up, time)); }

  Served served;
  Pairs pairs;
  Latencies hops;
};

/// The median of a[i] / b[i].
double ratio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < a.size(); ++i) ratios.push_back(a[i] / b[i]);
  return median(ratios);
}

}  // namespace

// From when a message was to be sent until it is with the other side, at a rate
// that all can hold.
void measure_paced(const Options& options, std::vector<Figure>& figures) {
  keep_to_core(own_core);
  allow_open_files(8 * pair_count + 1'024);
  SyncedFile disk(fresh_folder(options, "paced-disk"));
  Contestant ours(options, callstate_peer(), "paced-callstate");
  Contestant socketio(options, socketio_peer(), "paced-socketio");
  Contestant roomy(options, socketio_peer({"--max-semi-space-size=64"}), "paced-socketio-64");
  Contestant ws(options, ws_peer(), "paced-ws");
  Latencies synced;
  for (std::size_t round = 0; round < rounds; ++round) {
    synced.add(disk.append(syncs));
    ours.play();
    socketio.play();
    roomy.play();
    ws.play();
  }
  const auto beside = [&](const std::string& name, std::vector<double> mine,
                          std::vector<double> other, const std::string& what,
                          std::optional<double> target) {
    const double by = ratio(mine, other);
    figures.push_back({.name = name,
                       .value = median(mine),
                       .unit = "us",
                       .ceiling = median(other),
                       .ceiling_name = what,
                       .ratio = by,
                       .target = target,
                       .at_least = false});
  };
  const auto& hops = ours.hops;
  beside("paced_p99", hops.p99, socketio.hops.p99, "p99 over Socket.IO as it ships", 1.0);
  beside("paced_p99_roomy", hops.p99, roomy.hops.p99, "the same with --max-semi-space-size=64",
         std::nullopt);
  beside("paced_p99_ws", hops.p99, ws.hops.p99, "p99 over the ws relay", std::nullopt);
  beside("paced_p99_sync", hops.p99, synced.p99, "p99 of one fdatasync", 2.5);
  beside("paced_p50_sync", hops.p50, synced.p50, "p50 of one fdatasync", 2.0);
  beside("paced_p50", hops.p50, socketio.hops.p50, "p50 over Socket.IO as it ships", std::nullopt);
}

}  // namespace callstate::bench
