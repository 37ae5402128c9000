#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "core/call/event.hpp"
#include "core/engine/mailbox.hpp"
#include "core/engine/ports.hpp"
#include "core/engine/states.hpp"

namespace callstate::engine {

/// Who hears what: a fold of the log that finds for each applied event whom it
/// concerns, and writes it down for the mailbox.
///
/// A room's events concern the room and everybody whom its live call has named,
/// from the event that names them to the call's end. A user's coming and going
/// concerns the user, and everybody who hears a live call that the user takes part
/// in.
///
/// It asks nothing of the states, only of the records, since in a replay a state
/// may be newer than the record. One thread: the sequencer's.
class Audiences {
 public:
  /// `segment`: positions of one segment of the mailbox, at most.
  Audiences(States& states, std::size_t segment) : states_(states), segment_positions_(segment) {}

  /// As of a mark: what `all` gave there.
  void restore(std::span<const SnapshotStore::Audience> audiences);
  /// Every audience there is, for a mark.
  [[nodiscard]] std::vector<SnapshotStore::Audience> all();

  /// Whether an event of a user's stream is told to those in a call with the user:
  /// coming and going is. That the user is in a call, they have heard from the room.
  [[nodiscard]] static bool concerns_others(const call::Payload& payload) {
    return std::holds_alternative<call::UserOnline>(payload) ||
           std::holds_alternative<call::UserOffline>(payload);
  }

  /// An applied event of the room.
  void take(RoomEntry& room, const call::Record& record, std::vector<MailNote>& notes);
  /// One of a user's stream; `user` is the stream's name.
  void take(Fingerprint user, const call::Record& record, std::vector<MailNote>& notes);

  /// A start of the server: it concerns every live call's room.
  void take_start(call::Position position, std::vector<MailNote>& notes);

  /// A room whose live call has named the user.
  struct Heard {
    RoomEntry* room = nullptr;
    bool present = false;  // takes part: those who hear it are told of coming and going
  };
  [[nodiscard]] std::span<const Heard> rooms_of(Fingerprint user) const;

  /// Ends the segment with `position`. No event of a position up to there may
  /// follow.
  void close_segment(call::Position position, std::vector<MailNote>& notes);

 private:
  struct Hash {
    std::size_t operator()(const Fingerprint& name) const { return name.first; }
  };

  void name(RoomEntry& room, Fingerprint user, call::Position from, std::vector<MailNote>& notes);
  void set_present(RoomEntry& room, Fingerprint user, bool present);
  void enter(call::Position position, std::vector<MailNote>& notes);
  void post(RoomEntry& room, call::Position position, std::vector<MailNote>& notes);
  void disband(RoomEntry& room);
  [[nodiscard]] Fingerprint name_of(const call::Stream& room, const call::UserId& user) const;

  States& states_;
  const call::Position segment_positions_;
  call::Position segment_end_ = 0;  // its last position
  std::uint64_t segment_ = 1;       // counts them
  std::uint64_t last_strand_ = 0;
  boost::unordered_flat_map<Fingerprint, boost::container::small_vector<Heard, 2>, Hash> rooms_of_;
};

}  // namespace callstate::engine
