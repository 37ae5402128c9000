#include <boost/asio/post.hpp>
#include <utility>

#include "core/engine/mail.hpp"
#include "transports/close_code.hpp"
#include "transports/websocket_session.hpp"

// What a client that comes back with its cursor has missed: read from the log a
// page at a time, on the thread of the readers, as fast as the peer takes it.

namespace callstate::transports {
namespace {

// At most a page beyond the queue's bound is in memory for a session.
constexpr std::size_t events_per_page = 64;

}  // namespace

void WebSocketSession::resume(const engine::Resume& what) {
  if (state_ != State::open) return;
  if (resuming_) return resuming_->what.hold(what);
  resuming_ =
      std::make_unique<Resuming>(Resuming{Resumption<std::shared_ptr<const std::string>>(what)});
  read_missed();
}

// The bounds are those of the queue.
void WebSocketSession::hold(std::shared_ptr<const std::string> text) {
  const auto& settings = server().settings.websocket;
  resuming_->held_bytes += text->size();
  if (resuming_->what.held() >= settings.queue_messages_max ||
      resuming_->held_bytes > settings.queue_bytes_max) {
    overflowed_ = true;
    return;
  }
  resuming_->what.hold(std::move(text));
}

void WebSocketSession::read_missed() {
  if (std::exchange(resuming_->reads, true)) return;
  auto job = [&server = server(), &thread = thread(), id = id_, what = resuming_->what.now()] {
    MissedPage page;
    const auto mail = engine::read_mail(server.ports.mailbox, server.ports.log, *what.query,
                                        what.after, what.upto, events_per_page);
    if (mail) {
      page.cursor = mail->cursor;
      for (const auto& message : mail->messages) {
        // Without tokens for media: the ROOM_STATE that came before has the user's.
        Outgoing outgoing(message);
        page.texts.push_back(outgoing.text(what.query->user.view()));
      }
    } else {
      server.ports.logger(Logger::Level::error,
                          "a client cannot be sent what it missed: " + mail.error().message);
      page.failed = true;
    }
    asio::post(thread.context(), [&thread, id, page = std::move(page)]() mutable {
      // Ids are not reused: it is this session, or none any more.
      auto* session = static_cast<WebSocketSession*>(thread.hub().outlet(id));
      if (session != nullptr) session->on_missed(std::move(page));
    });
  };
  asio::post(server().readers, std::move(job));
}

void WebSocketSession::on_missed(MissedPage page) {
  if (state_ != State::open || !resuming_) return;
  if (page.failed) return close({close_code::internal, "what was missed cannot be read"});
  for (auto& text : page.texts) queue_.push(Opcode::text, std::move(text));
  auto& what = resuming_->what;
  what.advance(page.cursor);
  // What is held counts against the queue's bounds once it is in it, and may end
  // the session there.
  const auto pass_on = [this](std::shared_ptr<const std::string> text) {
    resuming_->held_bytes -= text->size();
    push(Opcode::text, std::move(text));
  };
  while (what.done()) {
    if (what.go_on(pass_on)) continue;
    resuming_.reset();
    break;
  }
  if (resuming_) resuming_->reads = false;
  flush();
}

}  // namespace callstate::transports
