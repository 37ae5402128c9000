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
  Ticket(ServerContext& server, IoThread& thread)
      : server_(&server), thread_(&thread), late_(server.draining) {
    ++thread.load;
    // In this order, and the other way round at the end: at no moment do fewer seem to
    // be there than are waited for.
    ++server.connections;
    if (late_) ++server.late_connections;
    ++of_kind();
  }
  Ticket(Ticket&& other) noexcept
      : server_(std::exchange(other.server_, nullptr)),
        thread_(other.thread_),
        late_(other.late_),
        kind_(other.kind_) {}
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() {
    if (server_ == nullptr) return;
    --thread_->load;
    --of_kind();
    if (late_) --server_->late_connections;
    --server_->connections;
    if (!server_->drained()) return;
    const std::scoped_lock lock(server_->mutex);
    server_->all_gone.notify_all();
  }

  /// The connection speaks this from now on.
  Ticket&& become(ConnectionKind kind) && {
    --of_kind();
    kind_ = kind;
    ++of_kind();
    return std::move(*this);
  }

  /// Whether the connection came when the server was draining.
  [[nodiscard]] bool is_late() const { return late_; }
  [[nodiscard]] ServerContext& server() const { return *server_; }
  [[nodiscard]] IoThread& thread() const { return *thread_; }

 private:
  [[nodiscard]] std::atomic<std::size_t>& of_kind() const {
    return server_->metrics.connections[static_cast<std::size_t>(kind_)];
  }

  ServerContext* server_;
  IoThread* thread_;
  bool late_;
  ConnectionKind kind_ = ConnectionKind::http;
};

}  // namespace callstate::transports
