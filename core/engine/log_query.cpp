#include "core/engine/log_query.hpp"

#include <algorithm>
#include <vector>

namespace callstate::engine {
namespace {

/// Records that are looked at together where one looks back.
constexpr call::Position stretch = 1024;

/// Whether an event is about a user, besides who it is by and whose stream it is in.
struct IsAbout {
  const call::UserId& user;

  [[nodiscard]] bool among(const std::vector<call::UserId>& users) const {
    return std::ranges::find(users, user) != users.end();
  }
  bool operator()(const call::CallStarted& event) const {
    return event.caller == user || among(event.callees);
  }
  bool operator()(const call::Ringing&) const { return false; }
  bool operator()(const call::Accepted&) const { return false; }
  bool operator()(const call::Rejected&) const { return false; }
  bool operator()(const call::Ended&) const { return false; }
  bool operator()(const call::TimedOut&) const { return false; }
  bool operator()(const call::CalleeOffline& event) const { return event.callee == user; }
  bool operator()(const call::Invited& event) const { return among(event.callees); }
  bool operator()(const call::Signaled& event) const { return event.to == user; }
  bool operator()(const call::ParticipantJoined& event) const { return event.user == user; }
  bool operator()(const call::ParticipantLeft& event) const { return event.user == user; }
  bool operator()(const call::UserOnline&) const { return false; }
  bool operator()(const call::UserOffline&) const { return false; }
  bool operator()(const call::UserInCall&) const { return false; }
  bool operator()(const call::ServerStarted&) const { return false; }
  bool operator()(const call::MediaReported& event) const { return event.user == user; }
  bool operator()(const call::Revoked&) const { return false; }
  bool operator()(const call::Sealed&) const { return false; }
};

}  // namespace

bool concerns(const call::Record& record, const call::UserId& user) {
  const auto& stream = record.stream;
  return record.actor.user == user ||
         (stream.kind == call::StreamKind::user && stream.name == user) ||
         std::visit(IsAbout{user}, record.payload);
}

bool LogQuery::fits(const call::Record& record) const {
  const auto& stream = record.stream;
  const bool in_sight =
      !tenant || stream.tenant == *tenant || stream.kind == call::StreamKind::server;
  if (!in_sight) return false;
  if (types.any() && !types.test(record.payload.index())) return false;
  if (outcome && record.outcome != *outcome) return false;
  if (call && record.call != *call) return false;
  if (room && (stream.kind != call::StreamKind::room || stream.name.view() != room->view()))
    return false;
  return !user || concerns(record, *user);
}

std::expected<call::Position, Failure> read_log(const LogReader& log, const LogQuery& query,
                                                call::Position after, call::Position upto,
                                                std::size_t looks_max, const TakeRecord& take) {
  if (after >= upto) return upto;
  call::Position cursor = upto - after > looks_max ? after + looks_max : upto;
  auto read = log.read(after + 1, cursor, [&](const call::Record& record, const RecordHash&) {
    if (!query.fits(record) || take(record)) return true;
    cursor = record.position;
    return false;
  });
  if (!read) return std::unexpected(std::move(read.error()));
  return cursor;
}

std::expected<call::Position, Failure> before_last(const LogReader& log, const LogQuery& query,
                                                   std::size_t count, call::Position upto,
                                                   std::size_t looks_max) {
  const call::Position first = log.first();
  const call::Position end = upto - std::min<call::Position>(upto, looks_max);
  const call::Position last_end = std::max(end, first - 1);
  call::Position from = upto;  // everything after it has been looked at
  std::size_t found = 0;
  while (from > last_end && found < count) {
    const call::Position to = from;
    from = to - std::min(stretch, to - last_end);
    std::vector<call::Position> fitting;
    auto read = log.read(from + 1, to, [&](const call::Record& record, const RecordHash&) {
      if (query.fits(record)) fitting.push_back(record.position);
      return true;
    });
    if (!read) return std::unexpected(std::move(read.error()));
    found += fitting.size();
    if (found >= count) return fitting[found - count] - 1;
  }
  return from;
}

}  // namespace callstate::engine
