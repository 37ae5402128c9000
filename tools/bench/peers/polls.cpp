#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>

#include "tools/bench/peers/line.hpp"
#include "tools/bench/peers/poller.hpp"
#include "tools/bench/peers/served.hpp"

namespace callstate::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t polls = 10'000;
constexpr std::size_t at_once = 64;
constexpr auto looked_at_for = std::chrono::seconds(3);

/// Connections kept alive, each of a user with a poll that waits.
class Waiting {
 public:
  explicit Waiting(std::uint16_t port) {
    for (std::size_t i = 0; i < polls; ++i) {
      tokens_.push_back(development_token("poller-" + std::to_string(i)));
      descriptors_.push_back(connected(port, request(i, 0), address_of(i)));
      poller_.add(descriptors_.back(), i);
      if (i % at_once == at_once - 1) look(std::chrono::milliseconds(5));
    }
  }
  ~Waiting() {
    for (const int descriptor : descriptors_) ::close(descriptor);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  /// Polls again with the new cursor where there was something to tell, such as
  /// the user's own coming.
  void look(Clock::duration time) {
    const auto until = Clock::now() + time;
    while (Clock::now() < until) {
      poller_.poll([&](std::uint64_t client) { answered(client); }, 1);
    }
  }

 private:
  [[nodiscard]] std::string request(std::size_t client, std::uint64_t since) const {
    return "GET /v1/messages?since=" + std::to_string(since) +
           "&wait=25 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + tokens_[client] +
           "\r\n\r\n";
  }
  void answered(std::size_t client) const {
    std::array<char, 16 * 1024> bytes;
    const auto size = ::recv(descriptors_[client], bytes.data(), bytes.size(), 0);
    const std::string_view text(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (!text.starts_with("HTTP/1.1 200")) {
      throw std::runtime_error("the server offers no long polling: it answered " +
                               std::string(text.empty() ? "nothing" : text.substr(0, 12)));
    }
    std::uint64_t since = 0;
    for (const std::string_view key : {R"("pos":)", R"("cursor":)"}) {
      const auto at = text.rfind(key);
      if (at == text.npos) continue;
      since = std::max<std::uint64_t>(since,
                                      std::stoull(std::string(text.substr(at + key.size(), 20))));
    }
    const auto again = request(client, since);
    ::send(descriptors_[client], again.data(), again.size(), MSG_NOSIGNAL);
  }

  std::vector<std::string> tokens_;
  std::vector<int> descriptors_;
  Poller poller_;
};

}  // namespace

// What a client costs that waits by HTTP.
void measure_polls(const Options& options, std::vector<Figure>& figures) {
  allow_open_files(polls + 1'024);
  const Served served(options, callstate_peer(), "polls");
  const double before = served.server.settled_rss_kib();
  Waiting waiting(served.server.port());
  waiting.look(looked_at_for);
  figures.push_back({.name = "waiting_poll",
                     .value = (served.server.rss_kib() - before) / polls,
                     .unit = "KiB",
                     .ceiling_name = std::to_string(polls) + " of as many users",
                     .target = 10,
                     .at_least = false});
}

}  // namespace callstate::bench
