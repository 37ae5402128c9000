#include "core/engine/mailbox.hpp"

#include <utility>

#include "core/engine/names.hpp"

namespace callstate::engine {

void Mailbox::restore(HashKey key, call::Position head) {
  const std::scoped_lock lock(mutex_);
  key_ = key;
  head_ = head;
  open_from_ = head + 1;
}

void Mailbox::take(std::span<const MailNote> notes, call::Position head) {
  std::vector<std::shared_ptr<Watch>> woken;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& one : notes) note(one, woken);
    if (head > head_)
      for (Watch* watch : std::vector(head_watches_)) wake(*watch, woken);
    head_ = head;
  }
  for (const auto& watch : woken) watch->wake_();
}

void Mailbox::note(const MailNote& note, std::vector<std::shared_ptr<Watch>>& woken) {
  using Kind = MailNote::Kind;
  if (note.kind == Kind::close) {
    if (!open_->empty())
      store_.put(
          std::exchange(open_, std::make_shared<MailSegment>(*open_, MailSegment::as_large)));
    open_from_ = note.position + 1;
    first_strand_ = 0;
    return;
  }
  if (note.kind == Kind::strand) {
    if (first_strand_ == 0) first_strand_ = note.strand;
    open_->add_hearer(open_->add_strand(), note.to, 0);
    return;
  }
  if (note.kind == Kind::single) {
    open_->add_single(note.to, note.position);
    if (watching_ != 0) wake(note.to, woken);
    return;
  }
  const auto strand = static_cast<MailSegment::Strand>(note.strand - first_strand_);
  if (note.kind == Kind::hearer) {
    open_->add_hearer(strand, note.to, note.position);
    return;
  }
  open_->add_event(strand, note.position);
  if (watching_ == 0) return;
  open_->for_each_hearer(strand, [&](const Fingerprint& to) { wake(to, woken); });
}

void Mailbox::wake(const Fingerprint& address, std::vector<std::shared_ptr<Watch>>& woken) {
  const auto known = watches_.find(address);
  if (known == watches_.end()) return;
  // A copy: forgetting takes it off this list too.
  for (Watch* watch : std::vector(known->second)) wake(*watch, woken);
}

void Mailbox::wake(Watch& watch, std::vector<std::shared_ptr<Watch>>& woken) {
  // One that is being destroyed waits for the mutex, to take itself off.
  auto alive = watch.weak_from_this().lock();
  forget(watch);
  watch.watching_ = false;
  if (alive) woken.push_back(std::move(alive));
}

call::Position Mailbox::head() const {
  const std::scoped_lock lock(mutex_);
  return head_;
}

Fingerprint Mailbox::room(const call::TenantId& tenant, const call::RoomName& room) const {
  return mail_of_room(name_fingerprint(key_, tenant, room.view()));
}
Fingerprint Mailbox::calls(const call::TenantId& tenant, const call::UserId& user) const {
  return mail_of_calls(name_fingerprint(key_, tenant, user.view()));
}
Fingerprint Mailbox::own(const call::TenantId& tenant, const call::UserId& user) const {
  return mail_of_own(name_fingerprint(key_, tenant, user.view()));
}

std::vector<call::Position> Mailbox::find(std::span<const Fingerprint> addresses,
                                          call::Position after, call::Position upto,
                                          std::size_t max) const {
  std::vector<call::Position> positions;
  bool recent = false;
  {
    const std::scoped_lock lock(mutex_);
    recent = after + 1 >= open_from_;
    for (const auto& to : addresses) open_->find(to, after, max, positions);
  }
  // A segment that is closed in between is found twice rather than not at all.
  if (!recent) {
    for (const auto& to : addresses) {
      const auto older = store_.find_mail(to, after, max);
      positions.insert(positions.end(), older.begin(), older.end());
    }
  }
  MailSegment::tidy(positions);
  while (!positions.empty() && positions.back() > upto) positions.pop_back();
  if (positions.size() > max) positions.resize(max);
  return positions;
}

std::shared_ptr<Mailbox::Watch> Mailbox::watch(std::span<const Fingerprint> addresses,
                                               call::Position after, std::function<void()> wake) {
  auto watch = std::make_shared<Watch>(*this, addresses, std::move(wake));
  const std::scoped_lock lock(mutex_);
  std::vector<call::Position> come;
  for (const auto& to : addresses) open_->find(to, after, 1, come);
  if (!come.empty() || after + 1 < open_from_) return nullptr;
  watch->watching_ = true;
  for (const auto& to : watch->addresses_) watches_[to].push_back(watch.get());
  ++watching_;
  return watch;
}

std::shared_ptr<Mailbox::Watch> Mailbox::watch_head(call::Position after,
                                                    std::function<void()> wake) {
  auto watch = std::make_shared<Watch>(*this, std::span<const Fingerprint>{}, std::move(wake));
  const std::scoped_lock lock(mutex_);
  if (head_ > after) return nullptr;
  watch->watching_ = true;
  head_watches_.push_back(watch.get());
  ++watching_;
  return watch;
}

std::size_t Mailbox::watches() const {
  const std::scoped_lock lock(mutex_);
  return watching_;
}

// Under the mutex.
void Mailbox::forget(const Watch& watch) {
  if (watch.addresses_.empty()) std::erase(head_watches_, &watch);
  for (const auto& to : watch.addresses_) {
    const auto known = watches_.find(to);
    if (known == watches_.end()) continue;
    std::erase(known->second, &watch);
    if (known->second.empty()) watches_.erase(known);
  }
  --watching_;
}

Mailbox::Watch::~Watch() {
  const std::scoped_lock lock(mailbox_.mutex_);
  if (watching_) mailbox_.forget(*this);
}

}  // namespace callstate::engine
