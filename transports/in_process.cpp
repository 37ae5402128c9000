#include "transports/in_process.hpp"

#include <cassert>
#include <utility>

namespace callstate::transports {

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

bool InProcessSession::join(const call::RoomName& room, const call::MessageId& id) {
  return submit(engine::Join{id_, room, id});
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

void InProcessSession::send(Outgoing& message, Addressee addressee) {
  on_message_(message.message(addressee));
}

// By the hub, under the owner's lock.
void InProcessSession::close(const engine::Close& close) {
  if (!open_.exchange(false)) return;
  owner_.hub_.remove(id_);
  (void)owner_.inbox_.submit(engine::CloseNotice{id_});
  if (on_close_) on_close_(close);
}

InProcess::~InProcess() {
  assert(hub_.size() == 0);  // sessions must not outlive their transport
}

std::unique_ptr<InProcessSession> InProcess::open(const call::Sender& sender,
                                                  std::optional<call::RoomName> room,
                                                  OnMessage on_message, OnClose on_close) {
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
  if (inbox_.submit(engine::OpenSession{session->id_, sender, std::move(room)})) return session;
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

void InProcess::drain(std::chrono::milliseconds /*deadline*/) {
  const std::scoped_lock lock(mutex_);
  draining_ = true;
  hub_.close_all({1001, "server is going away"});
}

}  // namespace callstate::transports
