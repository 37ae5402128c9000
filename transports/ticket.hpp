#pragma once

#include <mutex>
#include <utility>

#include "transports/io_thread.hpp"
#include "transports/server_context.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// A connection's place on a thread of a server: counted there while it exists.
/// Travels with the connection.
class Ticket {
 public:
  Ticket(ServerContext& server, IoThread& thread) : server_(&server), thread_(&thread) {
    ++thread.load;
    ++server.connections;
  }
  Ticket(Ticket&& other) noexcept
      : server_(std::exchange(other.server_, nullptr)), thread_(other.thread_) {}
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() {
    if (server_ == nullptr) return;
    --thread_->load;
    if (--server_->connections != 0) return;
    const std::scoped_lock lock(server_->mutex);
    server_->all_gone.notify_all();
  }

  [[nodiscard]] ServerContext& server() const { return *server_; }
  [[nodiscard]] IoThread& thread() const { return *thread_; }

 private:
  ServerContext* server_;
  IoThread* thread_;
};

}  // namespace callstate::transports
