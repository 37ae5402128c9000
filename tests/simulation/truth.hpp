#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/call/event.hpp"
#include "core/call/state.hpp"
#include "core/seal/checker.hpp"
#include "support/memory_log.hpp"
#include "support/plain_sealer.hpp"

namespace callstate::simulation {

/// What the durable log says, folded record by record without snapshots,
/// eviction or batches. Checks of every record that it follows from the one
/// before: positions and seqs without holes, chains, time, tenants, and each
/// message id at most once in the window.
class Truth {
 public:
  explicit Truth(std::size_t dedup_window) : dedup_window_(dedup_window) {}

  /// Folds what has become durable since. Also checks that what was durable
  /// still is.
  void follow(const support::MemoryLog& log);

  [[nodiscard]] call::Position head() const { return records_.size(); }
  /// What the seals say, all of which were right.
  [[nodiscard]] const seal::Checker::Counts& seals() const { return seals_.counts(); }
  [[nodiscard]] const call::Record& at(call::Position position) const {
    return records_[position - 1].record;
  }

  /// Where a message's record is; 0 when the log has none. The latest one.
  [[nodiscard]] call::Position find(const call::TenantId& tenant, const call::UserId& user,
                                    const call::RoomName& room, const call::MessageId& id) const;

  struct KeyedRoom {
    call::Stream stream;
    std::vector<call::Room> versions;  // after each record, the oldest first
    [[nodiscard]] const call::Room& now() const { return versions.back(); }
    /// As of a position; null before the first record.
    [[nodiscard]] const call::Room* as_of(call::Position position) const;
  };
  struct KeyedUser {
    call::Stream stream;
    call::User user;
  };
  [[nodiscard]] const std::map<std::string, KeyedRoom>& rooms() const { return rooms_; }
  [[nodiscard]] const std::map<std::string, KeyedUser>& users() const { return users_; }
  [[nodiscard]] const KeyedRoom* find_room(const call::Stream& stream) const;

  /// Rooms whose call rings for the user as of a position.
  [[nodiscard]] std::vector<std::string> ringing_for(const call::TenantId& tenant,
                                                     const call::UserId& user,
                                                     call::Position position) const;
  /// The room events after `from` and up to `to` of the calls that the user
  /// took part in at the time.
  [[nodiscard]] std::vector<call::Position> mailbox(const call::TenantId& tenant,
                                                    const call::UserId& user, call::Position from,
                                                    call::Position to) const;

 private:
  struct Known {
    call::Record record;
    call::Hash hash{};
    std::vector<call::UserId> concerns;
  };
  using MessageKey = std::tuple<call::TenantId, call::UserId, std::string, call::MessageId>;

  void take(const call::Record& record, const call::Hash& hash);
  template <class State>
  void check_follows(const State& before, const call::Record& record) const;
  void fold_room(Known& known);
  void fold_start(const call::Record& record);

  std::size_t dedup_window_;
  seal::Checker seals_{support::plain_hash, {}};
  std::vector<Known> records_;
  std::map<std::string, KeyedRoom> rooms_;
  std::map<std::string, KeyedUser> users_;
  std::map<MessageKey, call::Position> messages_;
};

/// A stream's name for maps and for people.
std::string name_of(const call::Stream& stream);

}  // namespace callstate::simulation
