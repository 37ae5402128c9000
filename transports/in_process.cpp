#include "transports/in_process.hpp"

#include <cassert>
#include <utility>

#include "transports/close_code.hpp"

namespace callstate::transports {
namespace {

// Events that are read at a time for a session that resumes.
constexpr std::size_t events_per_page = 64;
// Messages that wait meanwhile; at one more the session is closed.
constexpr std::size_t held_max = 1024;

}  // namespace

InProcessSession::InProcessSession(InProcess& owner, OnMessage on_message, OnClose on_close)
    : owner_(owner), on_message_(std::move(on_message)), on_close_(std::move(on_close)) {}

InProcessSession::~InProcessSession() {
  close();
}

bool InProcessSession::submit(engine::Submission submission) {
  return open_.load(std::memory_order_relaxed) && owner_.inbox_.submit(std::move(submission));
}

bool InProcessSession::send(call::Message message) {
  return submit(engine::Send{id_, std::move(message)});
}

bool InProcessSession::join(const call::RoomName& room, const call::MessageId& id,
                            std::optional<call::Position> since) {
  return submit(engine::Join{id_, room, id, since});
}

bool InProcessSession::leave(const call::RoomName& room, const call::MessageId& id) {
  return submit(engine::Leave{id_, room, id});
}

void InProcessSession::close() {
  {
    const std::scoped_lock lock(owner_.mutex_);
    if (!open_.exchange(false)) return;
    owner_.hub_.remove(id_);
  }
  (void)owner_.inbox_.submit(engine::CloseNotice{id_});  // always taken
}

void InProcessSession::send(Outgoing& message, std::string_view user) {
  if (!open_) return;
  if (!resuming_) return on_message_(message.message(user));
  if (resuming_->held() < held_max) {
    resuming_->hold(message.message(user));
  } else {
    overflowed_ = true;
  }
}

void InProcessSession::flush() {
  if (overflowed_) close({close_code::too_slow, "too slow: come back with the cursor"});
}

void InProcessSession::resume(const engine::Resume& what) {
  if (resuming_) return resuming_->hold(what);
  resuming_ = std::make_unique<Resumption<engine::ServerMessage>>(what);
  owner_.read_missed_later(id_);
}

// By the hub, under the owner's lock.
void InProcessSession::close(const engine::Close& close) {
  if (!open_.exchange(false)) return;
  owner_.hub_.remove(id_);
  (void)owner_.inbox_.submit(engine::CloseNotice{id_});
  if (on_close_) on_close_(close);
}

InProcess::~InProcess() {
  stop();
  assert(hub_.size() == 0);  // sessions must not outlive their transport
}

std::unique_ptr<InProcessSession> InProcess::open(const call::Sender& sender,
                                                  std::optional<call::RoomName> room,
                                                  OnMessage on_message, OnClose on_close,
                                                  std::optional<call::Position> since) {
  std::unique_ptr<InProcessSession> session(
      new InProcessSession(*this, std::move(on_message), std::move(on_close)));
  {
    const std::scoped_lock lock(mutex_);
    session->id_ = hub_.next_session_id();
    if (draining_) {
      session->open_ = false;
      return nullptr;
    }
    hub_.add(session->id_, *session, sender.tenant, sender.user);
  }
  // There is no token that could have been revoked: the program vouches for it.
  if (inbox_.submit(
          engine::OpenSession{session->id_, sender, std::move(room), since, call::Time::max()}))
    return session;
  const std::scoped_lock lock(mutex_);
  session->open_ = false;
  hub_.remove(session->id_);
  return nullptr;
}

void InProcess::deliver(const engine::Effects& effects) {
  const std::scoped_lock lock(mutex_);
  hub_.carry_out(*effects);
  hub_.flush();
}

// Under the mutex.
void InProcess::read_missed_later(engine::SessionId session) {
  if (stopping_) return;
  resuming_.push_back(session);
  if (!reader_.joinable()) reader_ = std::thread([this] { read_missed(); });
  more_.notify_one();
}

void InProcess::read_missed() {
  std::unique_lock lock(mutex_);
  while (true) {
    more_.wait(lock, [this] { return stopping_ || !resuming_.empty(); });
    if (stopping_) return;
    const auto id = resuming_.front();
    resuming_.pop_front();
    // Ids are not reused: it is that session, or none any more.
    const auto* session = static_cast<InProcessSession*>(hub_.outlet(id));
    if (session == nullptr) continue;
    const engine::Resume what = session->resuming_->now();
    lock.unlock();
    const auto mail =
        engine::read_mail(mailbox_, log_, *what.query, what.after, what.upto, events_per_page);
    lock.lock();
    pass_on_missed(id, mail);
  }
}

void InProcess::pass_on_missed(engine::SessionId id,
                               const std::expected<engine::Mail, engine::Failure>& mail) {
  auto* session = static_cast<InProcessSession*>(hub_.outlet(id));
  if (session == nullptr) return;
  Outlet& outlet = *session;
  if (!mail) return outlet.close({close_code::internal, "what was missed cannot be read"});
  for (const auto& message : mail->messages) {
    Outgoing outgoing(message);
    session->on_message_(outgoing.message(session->resuming_->now().query->user.view()));
  }
  session->resuming_->advance(mail->cursor);
  while (session->resuming_->done()) {
    if (session->resuming_->go_on(
            [&](const engine::ServerMessage& message) { session->on_message_(message); }))
      continue;
    session->resuming_.reset();
    return;
  }
  read_missed_later(id);
}

void InProcess::stop() {
  drain({});
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  more_.notify_all();
  if (reader_.joinable()) reader_.join();
}

void InProcess::drain(std::chrono::milliseconds /*deadline*/) {
  const std::scoped_lock lock(mutex_);
  draining_ = true;
  hub_.close_all({1001, "server is going away"});
}

}  // namespace callstate::transports
