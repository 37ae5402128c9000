#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "transports/authenticate.hpp"
#include "transports/codec.hpp"
#include "transports/io_thread.hpp"
#include "transports/look_up.hpp"
#include "transports/outbound_queue.hpp"
#include "transports/resumption.hpp"
#include "transports/session_stream.hpp"
#include "transports/stream.hpp"
#include "transports/ticket.hpp"
#include "transports/websocket_frame.hpp"
#include "transports/websocket_upgrade.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// One WebSocket connection after its handshake, on one I/O thread, which owns it
/// and says when it can be read: ten thousand of them lie idle, so every byte here
/// counts, and the frames of a coroutine are more than the session itself.
class WebSocketSession final : public Outlet, public Connection, public Watched {
 public:
  WebSocketSession(Ticket ticket, Stream stream);
  ~WebSocketSession() override;

  /// Opens for whom the handshake's token is of, or turns it away; without one sets out
  /// to wait for AUTH. Nothing when the server drains.
  void begin(const Upgrade& upgrade, const std::optional<AuthResult>& who);
  /// Bytes that came right behind the handshake; before `run`.
  void take(std::span<char> portion) { on_bytes(portion); }
  /// From here on the thread owns the session, until the connection has ended.
  static void run(std::unique_ptr<WebSocketSession> self);

  void attached() override { attached_ = true; }
  void send(Outgoing& message, std::string_view user) override;
  void resume(const engine::Resume& what) override;
  void flush() override;
  void close(const engine::Close& close) override;

  void on_ready(std::uint32_t events) override;
  void on_refused(const engine::Submission& submission) override;
  void sweep(SteadyTime now) override;
  void go_away() override;

 private:
  enum class State : std::uint8_t {
    waiting,  // for AUTH
    open,     // and answered nothing before the engine has let it in
    closing,  // our close frame is queued or written; nothing is taken any more
  };

  /// What a client that comes back has missed, as far as it was read.
  struct MissedPage {
    std::vector<std::shared_ptr<const std::string>> texts;
    call::Position cursor = 0;
    bool failed = false;
  };
  struct Resuming {
    Resumption<std::shared_ptr<const std::string>> what;
    std::size_t held_bytes = 0;
    bool reads = false;  // a page is on its way
  };

  /// An AUTH of which the directory is still to say whose it is.
  struct Login {
    call::MessageId id;
    Identity identity;
    /// What came behind the first AUTH: nothing else is taken before it. At most a
    /// portion, since nothing is read meanwhile.
    std::string held;
    std::unique_ptr<LookUp> asked;
  };

  static constexpr std::string_view missing_token = "Missing authentication token";

  void hold(std::shared_ptr<const std::string> text);
  void read_missed();
  void on_missed(MissedPage page);
  void read_arrived();
  void on_bytes(std::span<char> portion);
  void on_frame(const FrameParser::Result& frame);
  void on_message(std::string_view text);
  void on_auth(const AuthRequest& request);
  void on_peer_close(const FrameParser::Result& frame);

  void on_looked_up(const LookUp::Answer& answer);
  void on_authenticated(const call::MessageId& id, const AuthResult& who);
  /// A later AUTH: whether it is taken. If not, the client has been told.
  [[nodiscard]] bool renew(const call::MessageId& id, const AuthResult& who);
  void turn_away(const AuthRefusal& refusal, const call::MessageId& id);
  [[nodiscard]] engine::Refusal come_back(const AuthRefusal& refusal,
                                          const call::MessageId& id) const;
  void open(const Identity& identity);
  void no_longer_waits();
  /// Whether nothing is taken before it is known whose session it is.
  [[nodiscard]] bool holds_back() const { return state_ == State::waiting && login_ != nullptr; }
  void read_held(std::string& held);
  [[nodiscard]] bool within_rate(const call::MessageId& id, const call::RoomName& room,
                                 engine::MessageType type = engine::MessageType::unknown);
  void count(engine::MessageType type, engine::MessageOutcome outcome) {
    thread().metrics().messages.add(type, outcome);
  }

  void reply(const engine::ServerMessage& message);
  void refuse(call::ErrorCode code, std::string_view sentence, const call::MessageId& id,
              const call::RoomName& room);
  void push(Opcode opcode, std::shared_ptr<const std::string> payload);
  void push(Opcode opcode, std::string payload) {
    push(opcode, std::make_shared<const std::string>(std::move(payload)));
  }
  void write_queued();
  /// The events that it has to wait for.
  [[nodiscard]] std::uint32_t awaited() const;
  void watch_awaited();
  void begin_closing(const engine::Close& close);
  void leave();
  void abort();
  /// For logs, and for a device that gave no id of its own.
  [[nodiscard]] std::string label() const;
  void log(Logger::Level level, std::string_view what, std::string_view detail);

  [[nodiscard]] ServerContext& server() const { return ticket_.server(); }
  [[nodiscard]] IoThread& thread() const { return ticket_.thread(); }

  const Ticket ticket_;
  SessionStream stream_;
  const engine::SessionId id_;
  FrameParser parser_;
  OutboundQueue queue_;
  TokenBucket rate_;
  TokenBucket refusals_;
  SteadyTime last_heard_;
  SteadyTime next_ping_;
  SteadyTime deadline_{};                       // of AUTH, or of the peer's close frame
  call::Time expires_at_{};                     // of the token
  call::Time issued_at_{};                      // of the one that opened the session
  std::string device_;                          // until the session is open
  std::string since_;                           // likewise
  std::unique_ptr<const call::RoomName> room_;  // of a room path
  std::unique_ptr<Resuming> resuming_;
  std::unique_ptr<Login> login_;
  std::uint32_t watched_for_ = 0;  // events of epoll
  State state_ = State::waiting;
  call::Role role_ = call::Role::crm_user;  // of the token, once open
  bool known_to_engine_ = false;            // OpenSession was submitted, CloseNotice not yet
  bool attached_ = false;                   // the engine has let it in
  bool counted_waiting_ = false;            // among the server's unauthenticated sessions
  bool waiting_writable_ = false;           // the socket takes no more for now
  bool overflowed_ = false;
  bool peer_closed_ = false;
  bool broken_protocol_ = false;
};

}  // namespace callstate::transports
