#include "transports/listener.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <utility>

#include "transports/http_connection.hpp"
#include "transports/ticket.hpp"

namespace callstate::transports {
namespace {

using boost::system::error_code;

// Accepted in one go before others get a turn.
constexpr int accepted_at_once_max = 64;
constexpr auto exhausted_pause = std::chrono::milliseconds(100);
constexpr auto exhausted_log_interval = std::chrono::minutes(1);

using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

/// An accepted connection on its way to its thread; given back if it never
/// arrives.
struct Accepted {
  Accepted(Ticket the_ticket, int the_descriptor)
      : ticket(std::move(the_ticket)), descriptor(the_descriptor) {}
  Accepted(Accepted&& other) noexcept
      : ticket(std::move(other.ticket)), descriptor(std::exchange(other.descriptor, -1)) {}
  Accepted& operator=(Accepted&&) = delete;
  ~Accepted() {
    if (descriptor >= 0) ::close(descriptor);
  }

  Ticket ticket;
  int descriptor;
};

// On the connection's own thread.
void begin(Accepted accepted, const asio::ip::tcp& protocol) {
  const auto& settings = accepted.ticket.server().settings;
  auto& context = accepted.ticket.thread().context();
  Socket socket(context);
  error_code error;
  socket.assign(protocol, accepted.descriptor, error);
  if (error) return;
  accepted.descriptor = -1;  // the socket's now
  socket.non_blocking(true, error);
  if (!error) socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (!error && settings.send_buffer_bytes > 0)
    socket.set_option(asio::socket_base::send_buffer_size(settings.send_buffer_bytes), error);
  if (error) return;
  Stream stream(std::move(socket));
  if (const auto* certificate = accepted.ticket.server().ports.certificate)
    stream.start_tls(*certificate->current());
  asio::co_spawn(context, serve(std::move(accepted.ticket), std::move(stream)), asio::detached);
}

}  // namespace

Listener::Listener(ServerContext& server, std::vector<std::unique_ptr<IoThread>>& threads)
    : server_(server),
      threads_(threads),
      acceptor_(threads.front()->context()),
      exhaustion_(exhausted_log_interval) {}

std::expected<std::uint16_t, std::string> Listener::bind(std::string_view address,
                                                         std::uint16_t port) {
  const auto failed = [&](const error_code& error) {
    return std::unexpected("cannot listen on " + std::string(address) + ':' + std::to_string(port) +
                           ": " + error.message());
  };
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return failed(error);
  const asio::ip::tcp::endpoint endpoint(ip, port);
  protocol_ = endpoint.protocol();
  acceptor_.open(protocol_, error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (error) return failed(error);
  return acceptor_.local_endpoint(error).port();
}

Task<void> Listener::accept_forever() {
  Timer pause(threads_.front()->context());
  while (acceptor_.is_open()) {
    error_code error;
    co_await acceptor_.async_wait(asio::socket_base::wait_read,
                                  asio::redirect_error(use_task, error));
    if (error) co_return;
    accept_waiting();
    if (!std::exchange(exhausted_, false)) continue;
    if (const auto times = exhaustion_.happened(SteadyClock::now())) {
      server_.ports.logger(Logger::Level::error,
                           "cannot accept: out of file descriptors or memory; tries since this "
                           "was last said: " +
                               std::to_string(*times));
    }
    pause.expires_after(exhausted_pause);
    co_await pause.async_wait(asio::redirect_error(use_task, error));
  }
}

void Listener::accept_waiting() {
  for (int i = 0; i < accepted_at_once_max; ++i) {
    const int descriptor =
        ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      hand_over(descriptor);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      exhausted_ = true;
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    }  // else that one connection failed
  }
}

void Listener::hand_over(int descriptor) {
  if (server_.connections >= server_.settings.connections_max) {
    ++server_.metrics.connections_refused;  // before the peer can see it
    ::close(descriptor);
    return;
  }
  auto& thread = **std::ranges::min_element(
      threads_, {}, [](const auto& one) { return one->load.load(std::memory_order_relaxed); });
  asio::post(thread.context(),
             [accepted = Accepted(Ticket(server_, thread), descriptor),
              protocol = protocol_]() mutable { begin(std::move(accepted), protocol); });
}

void Listener::close() {
  error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace callstate::transports
