#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <vector>

#include "transports/hub.hpp"
#include "transports/io_thread.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// What the engine answers to requests that have no session. Known to the thread's
/// hub while it lives; on that thread.
class Answers final : private Outlet {
 public:
  Answers(IoThread& thread, const call::TenantId& tenant, const call::UserId& user);
  ~Answers() override;
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  /// Where answers go: `reply_to`.
  [[nodiscard]] engine::SessionId id() const { return id_; }

  /// Waits until there are as many. False when they have not come in time.
  Task<bool> wait_for(std::size_t count);
  /// Waits for the end of an answer in several messages: AsOf or a Refusal.
  Task<bool> wait_for_end();

  [[nodiscard]] std::vector<engine::ServerMessage>& messages() { return messages_; }
  /// The refusal, where that is the answer.
  [[nodiscard]] const engine::Refusal* refusal() const;
  /// The one message of this kind; null when there is none.
  template <class T>
  [[nodiscard]] const T* find() const {
    for (const auto& message : messages_)
      if (const auto* one = std::get_if<T>(&message)) return one;
    return nullptr;
  }

 private:
  void send(Outgoing& message, std::string_view user) override;
  void resume(const engine::Resume&) override {}
  void flush() override;
  void close(const engine::Close&) override {}

  [[nodiscard]] bool complete() const;
  Task<bool> wait();

  IoThread& thread_;
  const engine::SessionId id_;
  std::vector<engine::ServerMessage> messages_;
  std::optional<std::size_t> wanted_;  // none: up to the end
  asio::steady_timer timer_;
};

}  // namespace callstate::transports
