#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/engine/ports.hpp"

namespace callstate::support {

/// Snapshots in memory. As in the real store, a put is durable for certain only
/// once a mark that came after it is; before that a crash may keep it or not,
/// each for itself, and may lose the newest mark as well. Any thread.
class MemorySnapshots final : public engine::SnapshotStore {
 public:
  Mark last_mark() override;
  std::optional<call::Room> find_room(const call::Stream& stream) override;
  std::optional<call::User> find_user(const call::Stream& stream) override;
  void put(const call::Stream& stream, const call::Room& room) override;
  void put(const call::Stream& stream, const call::User& user) override;
  void put(std::shared_ptr<const engine::MailSegment> segment) override;
  std::vector<call::Position> find_mail(const engine::Fingerprint& to, call::Position after,
                                        std::size_t max) override;
  void mark(Mark mark) override;

  /// The process is gone. `survives` is asked for the newest mark, unless it is
  /// known to be durable, and for each state put since the last durable mark.
  void crash(const std::function<bool()>& survives);
  /// Everything so far is durable.
  void flush();
  void clear();
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t marks() const;

 private:
  using State = std::variant<call::Room, call::User>;
  using States = std::map<std::string, State>;
  /// What is durable after everything before a mark is.
  struct Put {
    std::string key;
    State state;
  };

  void put_state(const call::Stream& stream, State state);
  void settle(std::size_t count);
  template <class T>
  std::optional<T> find(const call::Stream& stream) const;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  States now_;
  States durable_;
  std::vector<Put> puts_;  // since the last durable mark
  Mark mark_;
  Mark durable_mark_;
  std::size_t puts_before_mark_ = 0;  // of puts_, those that mark_ covers
  /// A row that a crash may take, or not, until a mark after it is durable.
  struct Row {
    engine::Fingerprint to;
    std::vector<call::Position> positions;
    bool durable = false;
    bool marked = false;  // before mark_
  };
  std::vector<Row> rows_;
  std::size_t marks_ = 0;
};

}  // namespace callstate::support
