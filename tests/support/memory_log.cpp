#include "support/memory_log.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/engine/keyed_hash.hpp"

namespace callstate::support {
namespace {

// Every field of a record as bytes, each preceded by its length.
class Bytes {
 public:
  void put(std::string_view text) {
    put(text.size());
    text_ += text;
  }
  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void put(T value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    text_.append(raw, sizeof raw);
  }
  void put(call::Time time) { put(time.time_since_epoch().count()); }
  template <class Tag, std::size_t Max>
  void put(const call::Text<Tag, Max>& text) {
    put(text.view());
  }
  template <std::size_t N>
  void put(const std::array<std::uint8_t, N>& bytes) {
    text_.append(bytes.begin(), bytes.end());
  }
  void put(const std::vector<call::UserId>& users) {
    put(users.size());
    for (const auto& user : users) put(user);
  }
  void put(const call::CallId& id) { put(id.bytes); }
  void put(const std::string& text) { put(std::string_view(text)); }

  template <class... Parts>
  void all(const Parts&... parts) {
    (put(parts), ...);
  }
  [[nodiscard]] std::string_view view() const { return text_; }

 private:
  std::string text_;
};

struct PutPayload {
  Bytes& to;

  void operator()(const call::CallStarted& p) const {
    to.all(p.caller, p.caller_name, p.callees, p.callee_name, p.metadata, p.ring_deadline,
           p.media_room);
  }
  void operator()(const call::Accepted& p) const { to.all(p.max_deadline); }
  void operator()(const call::Rejected& p) const { to.all(p.reason); }
  void operator()(const call::Ended& p) const { to.all(p.reason, p.detail, p.duration_s); }
  void operator()(const call::CalleeOffline& p) const { to.all(p.callee); }
  void operator()(const call::Invited& p) const { to.all(p.callees, p.ring_deadline); }
  void operator()(const call::Signaled& p) const { to.all(p.to, p.data); }
  void operator()(const call::ParticipantJoined& p) const { to.all(p.user); }
  void operator()(const call::ParticipantLeft& p) const {
    to.all(p.user, p.reason, p.grace_deadline);
  }
  void operator()(const call::UserInCall& p) const { to.all(p.room); }
  void operator()(const call::ServerStarted& p) const {
    to.all(p.grace_deadline, p.presence_deadline, p.version);
  }
  void operator()(const call::MediaReported& p) const {
    to.all(p.event, p.user, p.detail, p.reported_at);
  }
  void operator()(const call::Revoked& p) const { to.all(p.before); }
  void operator()(const call::Sealed& p) const {
    to.all(p.first, p.last, p.root, p.previous_seal, p.previous, p.log_id, p.key, p.signature);
  }
  void operator()(const call::Ringing&) const {}
  void operator()(const call::TimedOut&) const {}
  void operator()(const call::UserOnline&) const {}
  void operator()(const call::UserOffline&) const {}
};

[[noreturn]] void breach(const char* what) {
  std::fprintf(stderr, "the event log's contract was broken: %s\n", what);
  std::abort();
}

}  // namespace

call::Hash hash_of(const call::Record& record) {
  Bytes bytes;
  bytes.all(record.stream.kind, record.stream.tenant, record.stream.name, record.seq, record.at,
            record.actor.user, record.actor.role, record.actor.device, record.message_id,
            record.call, record.outcome, record.refusal, record.payload.index(), record.previous);
  std::visit(PutPayload{bytes}, record.payload);
  call::Hash hash{};
  for (std::size_t part = 0; part < 4; ++part) {
    const std::uint64_t word = engine::keyed_hash({part, part + 4}, bytes.view());
    std::memcpy(hash.data() + part * 8, &word, 8);
  }
  return hash;
}

class MemoryLog::Batch final : public engine::LogBatch {
 public:
  explicit Batch(MemoryLog& log) : log_(log) {}

  call::Hash add(call::Record& record) override {
    record.position = log_.next_++;
    records.push_back({record, hash_of(record)});
    return records.back().hash;
  }
  [[nodiscard]] std::size_t size() const override { return records.size(); }

  std::vector<Stored> records;

 private:
  MemoryLog& log_;
};

std::unique_ptr<engine::LogBatch> MemoryLog::begin() {
  return std::make_unique<Batch>(*this);
}

std::expected<void, engine::Failure> MemoryLog::commit(std::unique_ptr<engine::LogBatch> batch) {
  std::unique_lock lock(mutex_);
  if (const auto gate = gate_) {
    lock.unlock();
    gate();
    lock.lock();
  }
  auto& records = static_cast<Batch&>(*batch).records;
  if (failed_) return std::unexpected(engine::Failure{"the log has failed before"});
  if (!records.empty() && records.front().record.position != written_ + 1) {
    breach("a batch was committed out of order");
  }
  written_ += records.size();
  const bool fails = fails_in_ == 1;
  if (fails_in_ > 0) --fails_in_;
  if (!fails || fault_ == Fault::durable) {
    std::ranges::move(records, std::back_inserter(durable_));
  }
  if (fails) {
    failed_ = true;
    return std::unexpected(engine::Failure{"the disk has failed, as the test wants"});
  }
  batch_sizes_.push_back(records.size());
  return {};
}

call::Position MemoryLog::head() const {
  const std::scoped_lock lock(mutex_);
  return durable_.empty() ? 0 : durable_.back().record.position;
}

std::expected<void, engine::Failure> MemoryLog::read(call::Position from, call::Position to,
                                                     const Each& each) const {
  const std::scoped_lock lock(mutex_);
  const auto first = std::ranges::lower_bound(
      durable_, from, {}, [](const Stored& stored) { return stored.record.position; });
  for (auto stored = first; stored != durable_.end() && stored->record.position <= to; ++stored) {
    if (!each(stored->record, stored->hash)) break;
  }
  return {};
}

void MemoryLog::fail_commit(std::size_t nth, Fault fault) {
  const std::scoped_lock lock(mutex_);
  fails_in_ = nth;
  fault_ = fault;
}

void MemoryLog::set_gate(std::function<void()> gate) {
  const std::scoped_lock lock(mutex_);
  gate_ = std::move(gate);
}

void MemoryLog::crash() {
  const std::scoped_lock lock(mutex_);
  written_ = durable_.empty() ? 0 : durable_.back().record.position;
  next_ = written_ + 1;
  failed_ = false;
  fails_in_ = 0;
}

std::size_t MemoryLog::commits() const {
  const std::scoped_lock lock(mutex_);
  return batch_sizes_.size();
}

std::vector<std::size_t> MemoryLog::batch_sizes() const {
  const std::scoped_lock lock(mutex_);
  return batch_sizes_;
}

call::Record MemoryLog::at(call::Position position) const {
  call::Record found;
  (void)read(position, position, [&](const call::Record& record, const call::Hash&) {
    found = record;
    return true;
  });
  return found;
}

std::vector<call::Record> MemoryLog::all() const {
  const std::scoped_lock lock(mutex_);
  std::vector<call::Record> records;
  for (const auto& stored : durable_) records.push_back(stored.record);
  return records;
}

void MemoryLog::alter(call::Position position, const std::function<void(call::Record&)>& change) {
  const std::scoped_lock lock(mutex_);
  for (auto& stored : durable_) {
    if (stored.record.position != position) continue;
    change(stored.record);
    stored.hash = hash_of(stored.record);
  }
}

void MemoryLog::lose_after(call::Position position) {
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(durable_,
                  [&](const Stored& stored) { return stored.record.position > position; });
  }
  crash();
}

void MemoryLog::begin_later(engine::Beginning beginning) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(durable_,
                [&](const Stored& stored) { return !beginning.holds(stored.record.position); });
  first_ = beginning.first;
  beginning_ = std::make_shared<const engine::Beginning>(std::move(beginning));
}

std::shared_ptr<const engine::Beginning> MemoryLog::beginning() const {
  const std::scoped_lock lock(mutex_);
  return beginning_;
}

void MemoryLog::lose(call::Position position) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(durable_, [&](const Stored& stored) { return stored.record.position == position; });
}

}  // namespace callstate::support
