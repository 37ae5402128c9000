#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench/peers/pairs.hpp"
#include "tools/bench/peers/served.hpp"
#include "tools/cluster/cluster.hpp"

namespace callstate::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t pair_count = 512;
constexpr double calls_per_s = 2'000;
constexpr std::size_t rounds = 6;
constexpr auto warm_up = 500ms;
constexpr auto time = 3s;

/// What the server shows of itself.
std::string metrics(std::uint16_t port) {
  const int descriptor =
      connected(port, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  std::string text;
  std::array<char, 64 * 1024> bytes;
  while (true) {
    pollfd arrived{.fd = descriptor, .events = POLLIN, .revents = 0};
    (void)::poll(&arrived, 1, -1);
    const auto size = ::recv(descriptor, bytes.data(), bytes.size(), 0);
    if (size <= 0) break;
    text.append(bytes.data(), static_cast<std::size_t>(size));
  }
  ::close(descriptor);
  return text;
}

double sample(const std::string& metrics, const std::string& name) {
  const auto line = metrics.find("\n" + name + " ");
  if (line == std::string::npos) throw std::runtime_error("the server shows no " + name);
  return std::stod(metrics.substr(line + 1 + name.size()));
}

/// How many hops took up to so many seconds, by bound.
std::map<double, double> hops(const std::string& metrics) {
  constexpr std::string_view begin = "\ncallstate_hop_seconds_bucket{le=\"";
  std::map<double, double> buckets;
  for (auto at = metrics.find(begin); at != std::string::npos; at = metrics.find(begin, at)) {
    at += begin.size();
    const double bound = std::stod(metrics.substr(at));  // of "+Inf" too
    buckets[bound] = std::stod(metrics.substr(metrics.find('}', at) + 1));
  }
  return buckets;
}

/// The 99th percentile of the hops between two looks, in seconds: evenly spread within
/// its bucket, as Prometheus reckons it.
double p99_between(const std::map<double, double>& before, const std::map<double, double>& after) {
  const auto in = [&](double bound) { return after.at(bound) - before.at(bound); };
  const double wanted = 0.99 * in(after.rbegin()->first);
  double low = 0, low_count = 0;
  for (const auto& [bound, count] : after) {
    if (in(bound) >= wanted) {
      return low + (bound - low) * (wanted - low_count) / (in(bound)-low_count);
    }
    low = bound;
    low_count = in(bound);
  }
  return low;
}

struct Contestant {
  Contestant(const Options& options, std::vector<std::string> flags, const std::string& name)
      : served(options, callstate_peer(std::move(flags)), name),
        pairs(*served.peer, served.server.port(), pair_count) {}

  void play() {
    const auto before = hops(metrics(served.server.port()));
    auto took_us = pairs.paced(calls_per_s, warm_up, time);
    p99.push_back(percentile(took_us, 0.99));
    own_p99.push_back(p99_between(before, hops(metrics(served.server.port()))) * 1e6);
  }

  Served served;
  Pairs pairs;
  std::vector<double> p99;      // as clients have it
  std::vector<double> own_p99;  // as the server has it
};

}  // namespace

// What the projection to PostgreSQL costs those who call, and how far it is behind
// them: two servers, of which one has it, in turns. PostgreSQL shares the core of the
// clients, so that what they see of it is no longer the server's alone.
void measure_projected(const Options& options, std::vector<Figure>& figures) {
  keep_to_core(own_core);
  allow_open_files(4 * pair_count + 1'024);
  tools::Cluster cluster({{"fsync", "on"}, {"shared_buffers", "256MB"}, {"max_wal_size", "4GB"}});
  cluster.start();
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(cluster.pid()), 10);
  const auto database = cluster.connection(cluster.create_database());
  Contestant alone(options, {}, "projected-alone");
  Contestant projected(options, {"--postgres", database}, "projected");
  double lag_s = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    alone.play();
    projected.play();
    lag_s = std::max(lag_s, sample(metrics(projected.served.server.port()),
                                   R"(callstate_projection_lag_seconds{projection="postgres"})"));
  }
  figures.push_back({.name = "projected_lag",
                     .value = lag_s,
                     .unit = "s",
                     .ceiling_name = "the longest at an end of a round",
                     .target = 1.0,
                     .at_least = false});
  const auto beside = [&](const std::string& name, std::vector<double> with,
                          std::vector<double> without, const std::string& what,
                          std::optional<double> target) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < rounds; ++i) ratios.push_back(with[i] / without[i]);
    figures.push_back({.name = name,
                       .value = median(with),
                       .unit = "us",
                       .ceiling = median(without),
                       .ceiling_name = what,
                       .ratio = median(ratios),
                       .target = target,
                       .at_least = false});
  };
  beside("projected_p99", projected.own_p99, alone.own_p99,
         "the server's p99 of a hop without the projection", 1.1);
  beside("projected_seen", projected.p99, alone.p99,
         "the clients', who share their core with PostgreSQL", std::nullopt);
}

}  // namespace callstate::bench
