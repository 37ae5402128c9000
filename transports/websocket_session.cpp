#include "transports/websocket_session.hpp"

#include <sys/epoll.h>

#include <cassert>
#include <utility>

#include "transports/close_code.hpp"
#include "transports/utc_now.hpp"

namespace callstate::transports {
namespace {

using boost::system::error_code;

// The peers of one moment are not to be pinged in one moment for ever: the
// first ping comes somewhere within the interval.
SteadyTime first_ping(SteadyTime now, std::chrono::milliseconds interval, engine::SessionId id) {
  constexpr std::uint64_t phases = 32;
  return now + interval / phases * (1 + id % phases);
}

}  // namespace

WebSocketSession::WebSocketSession(Ticket ticket, Stream stream)
    : ticket_(std::move(ticket).become(ConnectionKind::websocket)),
      stream_(stream.release()),
      id_(thread().hub().next_session_id()),
      parser_(server().settings.websocket.message_bytes_max),
      last_heard_(thread().coarse_now()),
      next_ping_(first_ping(last_heard_, server().settings.websocket.ping_interval, id_)) {
  thread().add(*this);
}

WebSocketSession::~WebSocketSession() {
  leave();
}

void WebSocketSession::run(std::unique_ptr<WebSocketSession> self) {
  auto& session = *self;
  session.watched_for_ = session.awaited();
  session.thread().watch(std::move(self), session.stream_.descriptor(), session.watched_for_);
  // What TLS has read with the handshake, no descriptor tells of.
  if (session.stream_.is_open() && session.stream_.holds_input()) session.on_ready(EPOLLIN);
}

std::uint32_t WebSocketSession::awaited() const {
  // Who goes while nothing is read is noticed all the same.
  const std::uint32_t reads = holds_back() ? EPOLLRDHUP : stream_.read_waits_for();
  return reads | (waiting_writable_ ? stream_.write_waits_for() : 0U);
}

void WebSocketSession::on_ready(std::uint32_t events) {
  if (holds_back() && (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0) return abort();
  // Whoever tries finds out what an error is.
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) events |= EPOLLIN | EPOLLOUT;
  if (waiting_writable_ && (events & stream_.write_waits_for()) != 0) {
    waiting_writable_ = false;
    flush();
  }
  if (stream_.is_open() && !holds_back() && (events & stream_.read_waits_for()) != 0) {
    do read_arrived();
    while (stream_.is_open() && !holds_back() && stream_.holds_input());
  }
  watch_awaited();
}

void WebSocketSession::watch_awaited() {
  if (watched_for_ == 0 || !stream_.is_open() || awaited() == watched_for_) return;
  watched_for_ = awaited();
  thread().change_watch(*this, stream_.descriptor(), watched_for_);
}

// Into memory that the thread's sessions share: none needs any while it waits.
void WebSocketSession::read_arrived() {
  const auto scratch = thread().scratch();
  // Half is for the answers that are written meanwhile.
  const auto portion = scratch.first(scratch.size() / 2);
  error_code error;
  const auto size = stream_.read_some(portion, error);
  if (error == asio::error::would_block) return;
  if (error) return abort();
  try {
    on_bytes(portion.first(size));
  } catch (const std::exception& failure) {
    log(Logger::Level::error, "ended", failure.what());
    abort();
  }
}

void WebSocketSession::on_bytes(std::span<char> portion) {
  last_heard_ = thread().coarse_now();
  const auto queued = queue_.bytes();
  while (!holds_back()) {
    const auto frame = parser_.next(portion);
    if (frame.kind == FrameParser::Result::Kind::need_more) break;
    on_frame(frame);
  }
  if (holds_back()) login_->held.append(portion.begin(), portion.end());
  // What waited before goes on waiting: the hub knows for what.
  if (queue_.bytes() != queued || state_ != State::open) flush();
}

void WebSocketSession::on_frame(const FrameParser::Result& frame) {
  using Kind = FrameParser::Result::Kind;
  switch (frame.kind) {
    case Kind::message:
      if (state_ != State::closing) on_message(frame.payload);
      return;
    case Kind::ping:
      if (state_ != State::closing && within_rate({}, {}))
        push(Opcode::pong, std::string(frame.payload));
      return;
    case Kind::pong:
      if (state_ != State::closing) (void)within_rate({}, {});
      return;
    case Kind::close:
      on_peer_close(frame);
      return;
    case Kind::error:
      broken_protocol_ = true;
      begin_closing({frame.code, std::string(frame.payload)});
      return;
    case Kind::need_more:
      return;
  }
}

void WebSocketSession::on_peer_close(const FrameParser::Result& frame) {
  constexpr std::uint16_t no_code = 1005;
  peer_closed_ = true;
  if (state_ == State::closing) return;  // the answer to ours
  leave();
  state_ = State::closing;
  deadline_ = thread().coarse_now() + server().settings.websocket.close_timeout;
  push(Opcode::close, frame.code == no_code ? std::string() : close_payload(frame.code, {}));
}

void WebSocketSession::send(Outgoing& message, std::string_view user) {
  if (state_ != State::open) return;
  if (resuming_) return hold(message.text(user));
  push(Opcode::text, message.text(user));
}

void WebSocketSession::push(Opcode opcode, std::shared_ptr<const std::string> payload) {
  const auto& settings = server().settings.websocket;
  const auto full = [&] {
    return queue_.frames() >= settings.queue_messages_max ||
           queue_.bytes() + payload->size() > settings.queue_bytes_max;
  };
  // Only what the socket does not take counts as slow.
  if (full() && opcode != Opcode::close) {
    write_queued();
    if (full()) {
      overflowed_ = true;
      return;
    }
  }
  queue_.push(opcode, std::move(payload));
}

void WebSocketSession::flush() {
  if (overflowed_ && state_ != State::closing) {
    log(Logger::Level::info, "closed as too slow", {});
    queue_.drop_unstarted();
    begin_closing({close_code::too_slow, "too slow: come back with the cursor"});
  }
  write_queued();
}

void WebSocketSession::write_queued() {
  if (state_ == State::open && !attached_) return;
  const auto all_sent = [this] { return queue_.empty() && !stream_.has_unsent(); };
  while (!all_sent() && !waiting_writable_ && stream_.is_open()) {
    const auto scratch = thread().scratch();
    const auto out = scratch.last(scratch.size() / 2);
    const auto size = queue_.copy_to(out);
    error_code error;
    const auto written = stream_.write_some(out.first(size), error);
    if (error && error != asio::error::would_block) return abort();
    queue_.consume(written);
    if (written < size || error) {
      waiting_writable_ = true;
      watch_awaited();
    }
  }
  if (resuming_ && all_sent()) read_missed();
  if (state_ != State::closing || !all_sent() || !stream_.is_open()) return;
  // Our close frame is written. The peer answers it, or when it does not know
  // what we think of it, sees the end of our side.
  if (peer_closed_) {
    abort();
  } else if (broken_protocol_) {
    stream_.shutdown_send();
  }
}

void WebSocketSession::close(const engine::Close& close) {
  begin_closing(close);
  write_queued();
}

void WebSocketSession::begin_closing(const engine::Close& close) {
  if (state_ == State::closing) return;
  const bool held_back = holds_back();
  const auto login = std::move(login_);
  leave();
  thread().metrics().closing(close.code);
  state_ = State::closing;
  deadline_ = thread().coarse_now() + server().settings.websocket.close_timeout;
  push(Opcode::close, close_payload(close.code, close.reason));
  if (held_back) read_held(login->held);  // the peer's answer comes behind
}

// From here on neither the hub nor the engine knows the session.
void WebSocketSession::leave() {
  no_longer_waits();
  // What it would have been told as one who was let in.
  if (state_ == State::open && !attached_) queue_.drop_unstarted();
  if (!known_to_engine_) return;
  known_to_engine_ = false;
  thread().hub().remove(id_);
  thread().submit(engine::CloseNotice{id_});  // always taken
}

void WebSocketSession::abort() {
  login_.reset();
  stream_.close();
  thread().retire(*this);
}

void WebSocketSession::sweep(SteadyTime now) {
  const auto& settings = server().settings.websocket;
  thread().saw_queued(queue_.bytes());
  if (state_ == State::closing) {
    if (now >= deadline_) abort();
    return;
  }
  if (now - last_heard_ >= settings.silence_max) {
    log(Logger::Level::info, "dropped: the peer has been silent", {});
    thread().metrics().closed[static_cast<std::size_t>(CloseReason::silent)].add();
    leave();
    return abort();
  }
  if (state_ == State::waiting) {
    if (!login_ && now >= deadline_) close({close_code::no_auth_in_time, "no AUTH in time"});
    return;
  }
  if (utc_now() >= expires_at_) return close({close_code::token_expired, "token expired"});
  if (now < next_ping_) return;
  next_ping_ = now + settings.ping_interval;
  push(Opcode::ping, std::string());
  flush();
}

void WebSocketSession::go_away() {
  close({close_code::going_away, "server is going away"});
}

void WebSocketSession::log(Logger::Level level, std::string_view what, std::string_view detail) {
  if (!server().ports.logger.write) return;
  std::string line = "session " + label() + ' ' + std::string(what);
  if (!detail.empty()) line.append(": ").append(detail);
  server().ports.logger(level, line);
}

}  // namespace callstate::transports
