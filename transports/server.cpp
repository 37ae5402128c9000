#include "transports/server.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "transports/io_thread.hpp"
#include "transports/listener.hpp"
#include "transports/pollers.hpp"
#include "transports/server_context.hpp"

namespace callstate::transports {

class Server::Impl {
 public:
  Impl(ServerSettings settings, ServerPorts ports) : context_(settings, std::move(ports)) {
    const auto count = std::max<std::uint16_t>(1, settings.io_threads);
    for (std::uint16_t i = 0; i < count; ++i)
      threads_.push_back(std::make_unique<IoThread>(
          static_cast<std::uint16_t>(settings.first_hub + i), settings.sweep_interval,
          context_.ports.inbox, context_.ports.media));
    for (auto& thread : threads_) {
      thread->serve_pollers(context_);
      context_.threads.push_back(thread.get());
    }
  }
  ~Impl() { stop(); }

  std::expected<std::uint16_t, std::string> listen(std::string_view address, std::uint16_t port) {
    auto listener = std::make_unique<Listener>(context_, threads_);
    auto bound = listener->bind(address, port);
    if (bound) listeners_.push_back(std::move(listener));
    return bound;
  }

  void start() {
    for (auto& listener : listeners_)
      asio::co_spawn(threads_.front()->context(), listener->accept_forever(), asio::detached);
    for (auto& thread : threads_) thread->start();
  }

  void deliver(const engine::Effects& effects) {
    for (auto& thread : threads_) thread->deliver(effects);
  }

  [[nodiscard]] std::size_t connections() const { return context_.connections; }

  [[nodiscard]] ServerReading metrics() const {
    ServerReading reading;
    reading.waiting = context_.unauthenticated;
    reading.add(context_.metrics);
    for (const auto& thread : threads_) {
      reading.add(thread->metrics());
      reading.deliveries_pending += thread->pending();
    }
    return reading;
  }

  void drain(std::chrono::milliseconds deadline) {
    // Those who look whether it is ready are still let in, to be told that it is not.
    context_.draining = true;
    for (auto& thread : threads_) thread->drain();
    std::unique_lock lock(context_.mutex);
    context_.all_gone.wait_for(lock, deadline, [this] { return context_.drained(); });
    asio::post(threads_.front()->context(), [this] { close_listeners(); });
  }

  void stop() {
    for (auto& thread : threads_) thread->stop();
    close_listeners();  // nobody is to wait to be accepted
    // A poll of one thread may be held by the pollers of another: it goes while all
    // of them are there.
    context_.stopped = true;
    for (auto& thread : threads_) thread->pollers().clear();
    // What the handler thread still finishes goes back to an io_context that no
    // longer runs, and is destroyed with it.
    context_.handlers.join();
    for (auto* pool : {&context_.readers, &context_.log_readers}) {
      pool->stop();
      pool->join();
    }
  }

 private:
  void close_listeners() {
    for (auto& listener : listeners_) listener->close();
  }

  ServerContext context_;
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::vector<std::unique_ptr<Listener>> listeners_;  // before their threads end
};

Server::Server(ServerSettings settings, ServerPorts ports)
    : impl_(std::make_unique<Impl>(settings, std::move(ports))) {}
Server::~Server() = default;

std::expected<std::uint16_t, std::string> Server::listen(std::string_view address,
                                                         std::uint16_t port) {
  return impl_->listen(address, port);
}
void Server::start() {
  impl_->start();
}
void Server::deliver(const engine::Effects& effects) {
  impl_->deliver(effects);
}
std::size_t Server::connections() const {
  return impl_->connections();
}
ServerReading Server::metrics() const {
  return impl_->metrics();
}
void Server::drain(std::chrono::milliseconds deadline) {
  impl_->drain(deadline);
}
void Server::stop() {
  impl_->stop();
}

}  // namespace callstate::transports
