#include "storage/record_text.hpp"

#include <sstream>
#include <variant>
#include <vector>

namespace callstate::storage::testing {
namespace {

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string list(const std::vector<call::UserId>& ids) {
  std::string text = "[";
  for (const auto& id : ids) text += quoted(id.view());
  return text + "]";
}

std::string name(const call::KnownRole& role) {
  return role ? std::string(name_of(*role)) : "-";
}

std::string list(const std::vector<call::KnownRole>& roles) {
  std::string text = "[";
  for (const auto& role : roles) text += name(role) + ' ';
  return text + "]";
}

auto count(call::Time time) {
  return time.time_since_epoch().count();
}

template <class Bytes>
std::string hex(const Bytes& bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text.push_back(digits[byte >> 4U]);
    text.push_back(digits[byte & 0x0FU]);
  }
  return text;
}

struct FactText {
  std::ostream& out;

  void operator()(const call::CallStarted& fact) const {
    out << quoted(fact.caller.view()) << quoted(fact.caller_name) << list(fact.callees)
        << quoted(fact.callee_name) << fact.metadata << ' ' << count(fact.ring_deadline);
    // What releases before it did not have is not in their texts.
    if (!fact.media_room.empty()) out << quoted(fact.media_room);
    if (!fact.callee_roles.empty()) out << list(fact.callee_roles);
    if (fact.caller_role) out << name(fact.caller_role);
  }
  void operator()(const call::Ringing&) const {}
  void operator()(const call::Accepted& fact) const { out << count(fact.max_deadline); }
  void operator()(const call::Rejected& fact) const { out << quoted(fact.reason); }
  void operator()(const call::Ended& fact) const {
    out << name_of(fact.reason) << ' ' << quoted(fact.detail) << fact.duration_s;
  }
  void operator()(const call::TimedOut&) const {}
  void operator()(const call::CalleeOffline& fact) const { out << quoted(fact.callee.view()); }
  void operator()(const call::Invited& fact) const {
    out << list(fact.callees) << count(fact.ring_deadline);
    if (!fact.callee_roles.empty()) out << list(fact.callee_roles);
  }
  void operator()(const call::Signaled& fact) const { out << quoted(fact.to.view()) << fact.data; }
  void operator()(const call::ParticipantJoined& fact) const { out << quoted(fact.user.view()); }
  void operator()(const call::ParticipantLeft& fact) const {
    out << quoted(fact.user.view()) << name_of(fact.reason) << ' ' << count(fact.grace_deadline);
  }
  void operator()(const call::UserOnline&) const {}
  void operator()(const call::UserOffline&) const {}
  void operator()(const call::UserInCall& fact) const { out << quoted(fact.room.view()); }
  void operator()(const call::ServerStarted& fact) const {
    out << count(fact.grace_deadline) << ' ' << count(fact.presence_deadline) << ' '
        << quoted(fact.version);
  }
  void operator()(const call::MediaReported& fact) const {
    out << quoted(fact.event) << quoted(fact.user.view()) << quoted(fact.detail)
        << count(fact.reported_at);
  }
  void operator()(const call::Revoked& fact) const { out << count(fact.before); }
  void operator()(const call::Sealed& fact) const {
    out << fact.first << ' ' << fact.last << ' ' << hex(fact.root) << ' ' << fact.previous_seal
        << ' ' << hex(fact.previous) << ' ' << quoted(fact.log_id) << ' ' << hex(fact.key) << ' '
        << hex(fact.signature);
  }
};

}  // namespace

std::string to_hex(const call::Hash& hash) {
  return hex(hash);
}

std::string to_text(const call::Record& record) {
  std::ostringstream out;
  out << type_of(record.payload) << " stream=" << static_cast<int>(record.stream.kind) << ':'
      << record.stream.tenant.view() << '/' << record.stream.name.view() << " seq=" << record.seq
      << " at=" << count(record.at) << " actor=" << quoted(record.actor.user.view()) << ':'
      << name_of(record.actor.role) << ':' << quoted(record.actor.device.view())
      << " id=" << quoted(record.message_id.view()) << " call=" << to_string(record.call)
      << " outcome=" << name_of(record.outcome) << ':' << name_of(record.refusal)
      << " previous=" << to_hex(record.previous) << " payload=";
  std::visit(FactText{out}, record.payload);
  return out.str();
}

}  // namespace callstate::storage::testing
