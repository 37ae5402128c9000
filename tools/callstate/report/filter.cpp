#include "tools/callstate/report/filter.hpp"

#include <algorithm>
#include <variant>

#include "tools/callstate/report/numbers.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

/// One overload per event: a new one does not compile until it says whom it names.
struct Names {
  const call::UserId& user;

  [[nodiscard]] bool any(const std::vector<call::UserId>& users) const {
    return std::ranges::find(users, user) != users.end();
  }
  bool operator()(const call::CallStarted& event) const {
    return event.caller == user || any(event.callees);
  }
  bool operator()(const call::CalleeOffline& event) const { return event.callee == user; }
  bool operator()(const call::Invited& event) const { return any(event.callees); }
  bool operator()(const call::Signaled& event) const { return event.to == user; }
  bool operator()(const call::ParticipantJoined& event) const { return event.user == user; }
  bool operator()(const call::ParticipantLeft& event) const { return event.user == user; }
  bool operator()(const call::MediaReported& event) const { return event.user == user; }
  bool operator()(const call::Ringing&) const { return false; }
  bool operator()(const call::Accepted&) const { return false; }
  bool operator()(const call::Rejected&) const { return false; }
  bool operator()(const call::Ended&) const { return false; }
  bool operator()(const call::TimedOut&) const { return false; }
  bool operator()(const call::UserOnline&) const { return false; }
  bool operator()(const call::UserOffline&) const { return false; }
  bool operator()(const call::UserInCall&) const { return false; }
  bool operator()(const call::ServerStarted&) const { return false; }
  bool operator()(const call::Revoked&) const { return false; }
  bool operator()(const call::Sealed&) const { return false; }
};

std::string described(const Filter& filter) {
  std::string text;
  const auto add = [&](const auto&... parts) {
    text += concat(text.empty() ? "" : ", ", parts...);
  };
  if (filter.user) add("of user ", filter.user->view());
  if (filter.outcome) add("with the outcome ", name_of(*filter.outcome));
  if (filter.from) add("from ", write_time(*filter.from), " UTC on");
  if (filter.to) add("up to ", write_time(*filter.to), " UTC");
  return text;
}

}  // namespace

std::expected<void, std::string> check(const Filter& filter) {
  if (!filter.from || !filter.to || *filter.from <= *filter.to) return {};
  return std::unexpected(concat("--from, ", write_time(*filter.from), " UTC, is after --to, ",
                                write_time(*filter.to), " UTC: exchange them"));
}

bool concerns(const call::Record& record, const call::UserId& user) {
  if (record.actor.user == user) return true;
  if (record.stream.kind == call::StreamKind::user && record.stream.name == user) return true;
  return std::visit(Names{user}, record.payload);
}

bool passes(const Filter& filter, const call::Record& record) {
  if (filter.user && !concerns(record, *filter.user)) return false;
  if (filter.from && record.at < *filter.from) return false;
  if (filter.to && record.at > *filter.to) return false;
  return !filter.outcome || record.outcome == *filter.outcome;
}

std::expected<void, Trouble> apply(const Filter& filter, History& history) {
  std::uint64_t all = 0;
  std::uint64_t shown = 0;
  for (auto& chapter : history.chapters) {
    for (auto& entry : chapter.entries) {
      entry.shown = passes(filter, entry.record);
      ++all;
      if (entry.shown) ++shown;
    }
  }
  if (shown > 0) return {};
  const auto& first = history.chapters.front().entries.front().record;
  const auto& last = history.chapters.back().entries.back().record;
  return std::unexpected(
      Trouble{Exit::found,
              concat("Nothing in room ", history.room, " is ", described(filter), ". It has ",
                     count_of(all, "record"), ", of ", write_time(first.at), " to ",
                     write_time(last.at), " UTC: ask for more of them, or leave the filter out.")});
}

}  // namespace callstate::tools
