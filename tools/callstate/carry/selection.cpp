#include "tools/callstate/carry/selection.hpp"

#include <variant>

namespace callstate::tools {
namespace {

/// Whether the record comes before the point, or behind it.
bool before(const At& at, const call::Record& record, call::Position original) {
  if (const auto* position = std::get_if<call::Position>(&at)) return original < *position;
  return record.at < std::get<call::Time>(at);
}
bool behind(const At& at, const call::Record& record, call::Position original) {
  if (const auto* position = std::get_if<call::Position>(&at)) return original > *position;
  return record.at > std::get<call::Time>(at);
}

std::string text_of(const At& at) {
  if (const auto* position = std::get_if<call::Position>(&at)) {
    return "position " + std::to_string(*position);
  }
  return write_time(std::get<call::Time>(at)) + " UTC";
}

}  // namespace

std::expected<void, std::string> check_order(const At& from, const At& to) {
  if (from.index() != to.index() || from <= to) return {};
  return std::unexpected("--from, " + text_of(from) + ", comes after --to, " + text_of(to) +
                         ": exchange them");
}

Selector::Answer Selector::judge(const call::Record& record, call::Position original) {
  if (wanted_.to && behind(*wanted_.to, record, original)) return Answer::end;
  // A call is followed from its beginning, whether or not that is wanted.
  auto answer = wanted_.call ? of_call(record) : of_streams(record);
  if (wanted_.from && answer == Answer::take && before(*wanted_.from, record, original)) {
    answer = Answer::leave;
  }
  if (answer == Answer::take) {
    const bool named = wanted_.call || !wanted_.room.empty() || !wanted_.tenant.empty();
    found_ = found_ || !named || record.stream.kind != call::StreamKind::server;
  }
  return answer;
}

Selector::Answer Selector::of_call(const call::Record& record) {
  const bool applied = record.outcome == call::Outcome::applied;
  if (applied && std::holds_alternative<call::CallStarted>(record.payload)) {
    if (stream_ && record.stream == *stream_) return Answer::end;
    if (!stream_ && record.call == *wanted_.call &&
        (wanted_.tenant.empty() || record.stream.tenant.view() == wanted_.tenant) &&
        (wanted_.room.empty() || record.stream.name.view() == wanted_.room)) {
      stream_ = record.stream;
      live_ = true;
    }
  }
  if (!stream_) return Answer::leave;
  if (record.stream.kind == call::StreamKind::server) return live_ ? Answer::take : Answer::leave;
  if (record.stream != *stream_) return Answer::leave;
  if (applied && std::holds_alternative<call::Ended>(record.payload)) live_ = false;
  return Answer::take;
}

Selector::Answer Selector::of_streams(const call::Record& record) {
  if (record.stream.kind == call::StreamKind::server) return Answer::take;
  if (!wanted_.tenant.empty() && record.stream.tenant.view() != wanted_.tenant) {
    return Answer::leave;
  }
  if (wanted_.room.empty()) return Answer::take;
  if (record.stream.kind != call::StreamKind::room || record.stream.name.view() != wanted_.room) {
    return Answer::leave;
  }
  if (!tenant_) tenant_ = record.stream.tenant;
  ambiguous_ = ambiguous_ || *tenant_ != record.stream.tenant;
  return ambiguous_ ? Answer::end : Answer::take;
}

std::expected<void, Trouble> Selector::result() const {
  if (ambiguous_) {
    return std::unexpected(Trouble{Exit::unusable, "Room " + wanted_.room +
                                                       " exists in several tenants. Say which one "
                                                       "with --tenant."});
  }
  if (found_) return {};
  return std::unexpected(
      Trouble{Exit::found,
              "The log holds nothing of that. Names are exact, capitals included, and --from and "
              "--to are the first and the last position or time that counts."});
}

}  // namespace callstate::tools
