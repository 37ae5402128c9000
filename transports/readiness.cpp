#include "transports/readiness.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace callstate::transports {
namespace {

// Served in one round; the rest, in the next.
constexpr int round_max = 256;

int make_epoll() {
  const int made = ::epoll_create1(EPOLL_CLOEXEC);
  if (made < 0) throw std::system_error(errno, std::generic_category(), "epoll");
  return made;
}

epoll_event event_of(Watched& connection, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &connection;
  return event;
}

}  // namespace

Readiness::Readiness(boost::asio::io_context& context) : epoll_(context, make_epoll()) {}

Readiness::~Readiness() {
  watched_.clear_and_dispose([](Watched* connection) { delete connection; });
}

bool Readiness::watch(std::unique_ptr<Watched> connection, int descriptor, std::uint32_t events) {
  auto event = event_of(*connection, events);
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    retired_.push_back(std::move(connection));
    return false;
  }
  watched_.push_back(*connection.release());
  return true;
}

void Readiness::change(Watched& connection, int descriptor, std::uint32_t events) {
  auto event = event_of(connection, events);
  (void)::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, descriptor, &event);
}

// The kernel forgets a descriptor that is closed.
bool Readiness::retire(Watched& connection) {
  if (!connection.WatchedHook::is_linked()) return false;
  connection.WatchedHook::unlink();
  retired_.emplace_back(&connection);
  return true;
}

// The end of one may retire others.
void Readiness::bury() {
  while (!retired_.empty()) {
    const auto buried = std::exchange(retired_, {});
  }
}

void Readiness::serve() {
  std::array<epoll_event, round_max> events;
  const int count = ::epoll_wait(epoll_.native_handle(), events.data(), round_max, 0);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
  }
}

}  // namespace callstate::transports
