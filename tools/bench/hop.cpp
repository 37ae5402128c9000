#include <chrono>
#include <stdexcept>
#include <string>

#include "tools/bench/embedded.hpp"
#include "tools/bench/figure.hpp"
#include "tools/bench/raw_log.hpp"
#include "tools/bench/server_process.hpp"
#include "tools/bench/ws_client.hpp"

namespace callstate::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t turns = 40;
constexpr std::size_t a_turn = 100;
constexpr std::size_t warm_up = 500;

double us_since(Clock::time_point began) {
  return std::chrono::duration<double, std::micro>(Clock::now() - began).count();
}

double p50_of_a_turn(const auto& one) {
  std::vector<double> took_us;
  for (std::size_t i = 0; i < a_turn; ++i) took_us.push_back(one());
  return median(took_us);
}

/// Records as the log holds them, to be put without an engine.
std::vector<std::string> sample_records(const Options& options) {
  const auto folder = fresh_folder(options, "hop-sample");
  {
    Embedded engine(folder, 64);
    engine.flood(2'000);
  }
  return read_raw(folder, 1'500);
}

/// Two people in a call who send one another signals.
class Pair {
 public:
  explicit Pair(std::uint16_t port)
      : caller_("caller", connect(port, "caller")), callee_("callee", connect(port, "callee")) {
    start(caller_, R"("type":"CALL_STARTED","id":"start","calleeId":"callee")");
    start(callee_, R"("type":"ACCEPTED","id":"accept")");
  }

  /// From just before the send to the event at the other side; the sides take
  /// turns. Returns once the sender has its ACK and the event too.
  double hop() {
    const std::string id = std::to_string(++sent_);
    Side& from = sent_ % 2 == 0 ? caller_ : callee_;
    Side& to = sent_ % 2 == 0 ? callee_ : caller_;
    const std::string message = R"({"type":"SIGNAL","roomName":"hop","id":")" + id + R"(","to":")" +
                                to.user +
                                R"(","data":{"candidate":"candidate:1 1 udp 2113937151 )"
                                R"(192.0.2.1 54400 typ host","sdpMid":"0","sdpMLineIndex":0}})";
    const auto began = Clock::now();
    from.client.send(message);
    to.client.receive_with(signal);
    const double took = us_since(began);
    from.client.receive_with(signal);
    return took;
  }

 private:
  static constexpr std::string_view signal = R"("type":"SIGNAL")";
  struct Side {
    std::string user;
    WsClient client;
  };

  static WsClient connect(std::uint16_t port, const std::string& user) {
    return WsClient({.port = port, .token = development_token(user)});
  }
  void start(Side& side, const std::string& fields) {
    side.client.send("{" + fields + R"(,"roomName":"hop"})");
    const auto type = fields.substr(0, fields.find(','));
    caller_.client.receive_with(type);
    callee_.client.receive_with(type);
  }

  Side caller_;
  Side callee_;
  std::uint64_t sent_ = 0;
};

}  // namespace

// From one client's send to the other's receipt with the log's sync in between,
// beside the least that this can take: one synced Put, and a round trip over a
// WebSocket server that does nothing.
void measure_hop(const Options& options, std::vector<Figure>& figures) {
  const auto records = sample_records(options);
  RawLog log(fresh_folder(options, "hop-raw"));
  const auto folder = fresh_folder(options, "hop");
  const ServerProcess server(ServerProcess::callstate(options, folder), folder + ".err");
  const ServerProcess beast(ServerProcess::beast_echo(), folder + "-beast.err");
  Pair pair(server.port());
  WsClient echo({.port = beast.port()});
  const std::string message(200, 'x');

  const auto one_echo = [&] {
    const auto began = Clock::now();
    echo.send(message);
    echo.receive();
    return us_since(began);
  };
  std::size_t next = 0;
  const auto one_put = [&] {
    const auto began = Clock::now();
    log.put_one(records[next++ % records.size()]);
    return us_since(began);
  };
  for (std::size_t i = 0; i < warm_up; ++i) {
    pair.hop();
    one_echo();
    one_put();
  }
  std::vector<double> hops;
  std::vector<double> echoes;
  std::vector<double> puts;
  std::vector<double> ratios;
  for (std::size_t turn = 0; turn < turns; ++turn) {
    const double hop = p50_of_a_turn([&] { return pair.hop(); });
    const double echoed = p50_of_a_turn(one_echo);
    const double put = p50_of_a_turn(one_put);
    // A hop holds a sync, so it cannot be the shorter one: others held up the
    // disk meanwhile. Only ever drops turns that would flatter us.
    if (hop < put) continue;
    hops.push_back(hop);
    echoes.push_back(echoed);
    puts.push_back(put);
    ratios.push_back(hop / (echoed + put));
  }
  if (ratios.size() < turns / 2) {
    throw std::runtime_error("the disk is too busy: single Puts took longer than whole hops");
  }

  const double echoed = median(echoes);
  const double put = median(puts);
  figures.push_back({.name = "ws_hop_p50",
                     .value = median(hops),
                     .unit = "us",
                     .ceiling = echoed + put,
                     .ceiling_name = "one raw synced Put and a round trip over bare Beast",
                     .ratio = median(ratios),
                     .target = 1.3,
                     .at_least = false});
  figures.push_back({.name = "beast_echo_p50",
                     .value = echoed,
                     .unit = "us",
                     .ceiling_name = "the round trip over bare Beast"});
  figures.push_back(
      {.name = "put_one_p50", .value = put, .unit = "us", .ceiling_name = "the raw synced Put"});
}

}  // namespace callstate::bench
