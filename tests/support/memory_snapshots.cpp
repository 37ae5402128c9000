#include "support/memory_snapshots.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace callstate::support {
namespace {

std::string key_of(const call::Stream& stream) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(stream.kind)));
  key += stream.tenant.view();
  key += '\0';
  key += stream.name.view();
  return key;
}

}  // namespace

template <class T>
std::optional<T> MemorySnapshots::find(const call::Stream& stream) const {
  const std::scoped_lock lock(mutex_);
  const auto found = now_.find(key_of(stream));
  if (found == now_.end()) return std::nullopt;
  return std::get<T>(found->second);
}

engine::SnapshotStore::Mark MemorySnapshots::last_mark() {
  const std::scoped_lock lock(mutex_);
  return mark_;
}
std::optional<call::Room> MemorySnapshots::find_room(const call::Stream& stream) {
  return find<call::Room>(stream);
}
std::optional<call::User> MemorySnapshots::find_user(const call::Stream& stream) {
  return find<call::User>(stream);
}
void MemorySnapshots::put(const call::Stream& stream, const call::Room& room) {
  put_state(stream, room);
}
void MemorySnapshots::put(const call::Stream& stream, const call::User& user) {
  put_state(stream, user);
}

void MemorySnapshots::put_state(const call::Stream& stream, State state) {
  const std::scoped_lock lock(mutex_);
  puts_.push_back({key_of(stream), state});
  now_[puts_.back().key] = std::move(state);
}

void MemorySnapshots::put(std::shared_ptr<const engine::MailSegment> segment) {
  const std::scoped_lock lock(mutex_);
  segment->for_each([&](const engine::Fingerprint& to, const auto& positions) {
    rows_.push_back({.to = to, .positions = {positions.begin(), positions.end()}});
  });
}

std::vector<call::Position> MemorySnapshots::find_mail(const engine::Fingerprint& to,
                                                       call::Position after, std::size_t max) {
  const std::scoped_lock lock(mutex_);
  std::vector<call::Position> found;
  for (const auto& row : rows_) {
    if (row.to != to) continue;
    std::ranges::copy_if(row.positions, std::back_inserter(found),
                         [after](call::Position position) { return position > after; });
  }
  engine::MailSegment::tidy(found);
  if (found.size() > max) found.resize(max);
  return found;
}

void MemorySnapshots::settle(std::size_t count) {
  // Called with all that is before mark_, or with all.
  for (auto& row : rows_) row.durable = row.durable || row.marked || count == puts_.size();
  for (std::size_t i = 0; i < count; ++i) durable_[puts_[i].key] = std::move(puts_[i].state);
  puts_.erase(puts_.begin(), puts_.begin() + static_cast<std::ptrdiff_t>(count));
}

void MemorySnapshots::mark(Mark mark) {
  const std::scoped_lock lock(mutex_);
  // The mark before this one has had its time.
  settle(puts_before_mark_);
  durable_mark_ = std::exchange(mark_, std::move(mark));
  puts_before_mark_ = puts_.size();
  for (auto& row : rows_) row.marked = true;
  ++marks_;
}

void MemorySnapshots::flush() {
  const std::scoped_lock lock(mutex_);
  settle(puts_.size());
  puts_before_mark_ = 0;
  durable_mark_ = mark_;
}

void MemorySnapshots::crash(const std::function<bool()>& survives) {
  const std::scoped_lock lock(mutex_);
  if (mark_.position != durable_mark_.position && survives()) {
    settle(puts_before_mark_);
    durable_mark_ = mark_;
  }
  for (auto& put : puts_) {
    if (survives()) durable_[put.key] = std::move(put.state);
  }
  puts_.clear();
  puts_before_mark_ = 0;
  std::erase_if(rows_, [&](const Row& row) { return !row.durable && !survives(); });
  for (auto& row : rows_) row.durable = true;
  mark_ = durable_mark_;
  now_ = durable_;
}

void MemorySnapshots::clear() {
  const std::scoped_lock lock(mutex_);
  now_.clear();
  durable_.clear();
  puts_.clear();
  rows_.clear();
  mark_ = durable_mark_ = {};
  puts_before_mark_ = 0;
}

std::size_t MemorySnapshots::size() const {
  const std::scoped_lock lock(mutex_);
  return now_.size();
}
std::size_t MemorySnapshots::marks() const {
  const std::scoped_lock lock(mutex_);
  return marks_;
}

}  // namespace callstate::support
