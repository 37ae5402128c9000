#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "core/call/message.hpp"
#include "core/engine/effect.hpp"
#include "core/engine/mail.hpp"
#include "core/engine/submission.hpp"
#include "transports/hub.hpp"
#include "transports/resumption.hpp"
#include "transports/transport.hpp"

namespace callstate::transports {

class InProcess;

/// A session of a program that has the engine inside itself. Made by
/// `InProcess::open`; closes itself when destroyed, before its `InProcess`.
///
/// `send`, `join`, `leave` and `id` may be called from any thread, also from
/// within a callback. `close` and the destructor may be called from any thread
/// but not from within a callback of any session of the same `InProcess`, nor
/// with a lock held that a callback takes. No callback runs once they return.
class InProcessSession final : private Outlet {
 public:
  ~InProcessSession() override;
  InProcessSession(const InProcessSession&) = delete;
  InProcessSession& operator=(const InProcessSession&) = delete;

  /// Submits a message; false when the engine's inbox is full (OVERLOADED) or
  /// the session is closed. True means taken, not durable: the ACK says that.
  [[nodiscard]] bool send(call::Message message);
  /// Asks to hear a room; its ROOM_STATE comes by callback, and with `since` what
  /// came after that position.
  [[nodiscard]] bool join(const call::RoomName& room, const call::MessageId& id = {},
                          std::optional<call::Position> since = {});
  [[nodiscard]] bool leave(const call::RoomName& room, const call::MessageId& id = {});
  /// Ends the session without `on_close`. Idempotent.
  void close();

  [[nodiscard]] engine::SessionId id() const { return id_; }

 private:
  friend class InProcess;
  using OnMessage = std::function<void(const engine::ServerMessage&)>;
  using OnClose = std::function<void(const engine::Close&)>;

  InProcessSession(InProcess& owner, OnMessage on_message, OnClose on_close);
  [[nodiscard]] bool submit(engine::Submission submission);

  void send(Outgoing& message, std::string_view user) override;
  void resume(const engine::Resume& what) override;
  void flush() override;
  void close(const engine::Close& close) override;

  InProcess& owner_;
  engine::SessionId id_ = 0;
  OnMessage on_message_;
  OnClose on_close_;
  std::atomic<bool> open_ = true;
  // Guarded by the owner's mutex.
  std::unique_ptr<Resumption<engine::ServerMessage>> resuming_;
  bool overflowed_ = false;
};

/// The C++ embedding interface: clients in the engine's own process. Callbacks
/// run inline on the engine's delivering thread, or for what a session missed on a
/// thread of the transport's own, one at a time for the whole `InProcess`, so they
/// must be short and must not block: every other session waits for them. They may
/// submit (`send`, `join`, `leave`), nothing more.
class InProcess final : public Transport, public engine::Delivery {
 public:
  using OnMessage = InProcessSession::OnMessage;
  using OnClose = InProcessSession::OnClose;

  /// `hub` is this transport's own number among all hubs of the process; `mailbox`
  /// is the engine's, and `log` what it appends to. All of them outlive this.
  InProcess(engine::Inbox& inbox, const engine::Mailbox& mailbox, const engine::LogReader& log,
            std::uint16_t hub)
      : inbox_(inbox), mailbox_(mailbox), log_(log), hub_(hub) {}
  ~InProcess() override;

  /// Opens a session of `sender`, joined to `room` where one is given; with `since`,
  /// its cursor, it gets what came after that position before all else. Null when
  /// the engine's inbox is full or the transport drains. The engine's answer, and
  /// every message from then on, comes to `on_message`; `on_close`, which may be
  /// empty, is called once if the server ends the session, and nothing after it.
  [[nodiscard]] std::unique_ptr<InProcessSession> open(const call::Sender& sender,
                                                       std::optional<call::RoomName> room,
                                                       OnMessage on_message, OnClose on_close = {},
                                                       std::optional<call::Position> since = {});

  void deliver(const engine::Effects& effects) override;

  [[nodiscard]] std::string_view name() const override { return "in-process"; }
  /// Closes every session with 1001; there is nothing to wait for.
  void drain(std::chrono::milliseconds deadline) override;
  void stop() override;

 private:
  friend class InProcessSession;

  void read_missed_later(engine::SessionId session);
  void read_missed();
  void pass_on_missed(engine::SessionId session,
                      const std::expected<engine::Mail, engine::Failure>& mail);

  engine::Inbox& inbox_;
  const engine::Mailbox& mailbox_;
  const engine::LogReader& log_;
  std::mutex mutex_;  // guards what follows
  Hub hub_;
  bool draining_ = false;
  bool stopping_ = false;
  std::deque<engine::SessionId> resuming_;  // a page is to be read for each
  std::condition_variable more_;
  std::thread reader_;  // once a session has resumed
};

}  // namespace callstate::transports
