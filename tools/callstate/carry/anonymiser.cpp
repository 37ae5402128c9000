#include "tools/callstate/carry/anonymiser.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "storage/sha256.hpp"
#include "storage/stream_text.hpp"
#include "tools/callstate/carry/fields.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

/// What a media server reports, which says nothing of anybody; a rule looks at it.
constexpr std::array<std::string_view, 12> media_events{
    "room_started",      "room_finished",   "participant_joined",
    "participant_left",  "track_published", "participant_connection_aborted",
    "track_unpublished", "egress_started",  "egress_updated",
    "egress_ended",      "ingress_started", "ingress_ended"};

/// As programs have them: nothing else can hide in it.
bool is_version(std::string_view text) {
  constexpr std::size_t bytes_max = 32;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && text.size() <= bytes_max &&
         std::ranges::all_of(text, [&](char c) { return is_digit(c) || c == '.'; });
}

engine::HashKey key_of(std::string_view text) {
  const auto hash =
      storage::sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  engine::HashKey key;
  std::memcpy(&key.k0, hash.data(), sizeof key.k0);
  std::memcpy(&key.k1, hash.data() + sizeof key.k0, sizeof key.k1);
  return key;
}

std::string hex(std::uint64_t number) {
  std::string text(16, '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at, number >>= 4U) {
    *at = "0123456789abcdef"[number & 0x0FU];
  }
  return text;
}

std::string_view kind_of(Meaning meaning) {
  switch (meaning) {
    case Meaning::tenant:
      return "tenant";
    case Meaning::user:
      return "user";
    case Meaning::room:
      return "room";
    case Meaning::device:
      return "device";
    case Meaning::message:
      return "message";
    case Meaning::media_room:
    case Meaning::media_event:
    case Meaning::label:
    case Meaning::json:
    case Meaning::version:
    case Meaning::log:
      break;
  }
  return "text";
}

}  // namespace

/// Alters one field each.
class Anonymiser::Fields {
 public:
  explicit Fields(const Anonymiser& by) : by_(by) {}

  template <class Tag, std::size_t Max>
  void text(std::string_view, Meaning meaning, call::Text<Tag, Max>& text) const {
    text = call::Text<Tag, Max>::clipped(by_.alias(kind_of(meaning), text.view()));
  }
  void text(std::string_view, Meaning meaning, std::string& text) const {
    if (text.empty()) return;
    if (meaning == Meaning::version && is_version(text)) return;
    if (meaning == Meaning::media_event &&
        std::ranges::find(media_events, text) != media_events.end()) {
      return;
    }
    if (meaning == Meaning::media_room) {
      text = by_.media_room(text);
    } else if (meaning == Meaning::log) {
      text = by_.log_id(text);
    } else if (meaning == Meaning::json) {
      text = concat("{\"was\":\"", by_.alias(kind_of(meaning), text), "\"}");
    } else {
      text = by_.alias(kind_of(meaning), text);
    }
  }
  void users(std::string_view, std::vector<call::UserId>& users) const {
    for (auto& user : users) text({}, Meaning::user, user);
  }
  void time(std::string_view, call::Time& time) const { time = by_.shifted(time); }
  template <class Enum>
  void name(std::string_view, Enum&) const {}
  void number(std::string_view, std::uint64_t) const {}
  void roles(std::string_view, const std::vector<call::KnownRole>&) const {}
  void role(std::string_view, const call::KnownRole&) const {}
  template <std::size_t Size>
  void bytes(std::string_view, const std::array<std::uint8_t, Size>&) const {}

 private:
  const Anonymiser& by_;
};

Anonymiser::Anonymiser(std::string_view key, call::Duration shift)
    : key_(key_of(key)), shift_(shift) {}

std::string Anonymiser::alias(std::string_view kind, std::string_view text) const {
  if (text.empty() || (kind == "user" && text == call::system_actor)) return std::string(text);
  const auto print = engine::fingerprint(key_, concat(kind, ":", text));
  return concat(kind, "-", hex(print.first));
}

call::CallId Anonymiser::alias(const call::CallId& id) const {
  call::CallId made;
  const auto print = engine::fingerprint(key_, concat("call:", call::to_string(id)));
  std::memcpy(made.bytes.data(), &print.first, sizeof print.first);
  std::memcpy(made.bytes.data() + sizeof print.first, &print.second, sizeof print.second);
  made.bytes[6] = static_cast<std::uint8_t>((made.bytes[6] & 0x0FU) | 0x80U);  // UUID version 8
  made.bytes[8] = static_cast<std::uint8_t>((made.bytes[8] & 0x3FU) | 0x80U);
  return made;
}

call::Hash Anonymiser::alias(const call::Hash& hash) const {
  const std::string seed = alias("hash", {reinterpret_cast<const char*>(hash.data()), hash.size()});
  return storage::sha256({reinterpret_cast<const std::uint8_t*>(seed.data()), seed.size()});
}

std::string Anonymiser::media_room(std::string_view name) const {
  const auto slash = name.rfind('/');
  if (slash == std::string_view::npos) return alias("room", name);
  return concat(alias("tenant", name.substr(0, slash)), "/", alias("room", name.substr(slash + 1)));
}

call::Time Anonymiser::shifted(call::Time time) const {
  return time == call::Time{} ? time : time + shift_;
}

call::Hash Anonymiser::alter(call::Record& record) {
  auto& [position, stream, seq, at, actor, message_id, call, outcome, refusal, payload, previous] =
      record;
  storage::key_of(stream, stream_);
  const bool is_room = stream.kind == call::StreamKind::room;
  const Fields fields(*this);
  fields.text({}, Meaning::tenant, stream.tenant);
  fields.text({}, is_room ? Meaning::room : Meaning::user, stream.name);
  fields.time({}, at);
  fields.text({}, Meaning::user, actor.user);
  fields.text({}, Meaning::device, actor.device);
  fields.text({}, Meaning::message, message_id);
  if (!call.empty()) call = alias(call);
  std::visit([&](auto& fact) { each_field(fact, fields); }, payload);
  if (auto* sealed = std::get_if<call::Sealed>(&payload)) reseal(*sealed);
  // The first of a stream in a part follows what is not in it.
  const auto [chain, first] = chains_.try_emplace(stream_);
  if (!first) {
    previous = chain->second;
  } else if (previous != call::Hash{}) {
    previous = alias(previous);
  }
  chain->second = storage::sha256(encoder_.encode(record));
  keep_for_seals(record, chain->second);
  return chain->second;
}

void Anonymiser::keep_for_seals(const call::Record& record, const call::Hash& hash) {
  if (record.position != unsealed_from_ + unsealed_.size()) {
    // A part: no seal covers anything that is whole here.
    unsealed_.clear();
    unsealed_from_ = record.position;
  }
  unsealed_.push_back(hash);
  if (std::holds_alternative<call::Sealed>(record.payload)) last_seal_ = {record.position, hash};
}

void Anonymiser::reseal(call::Sealed& sealed) {
  sealed.key = {};
  sealed.signature = {};
  if (sealed.previous_seal != 0) {
    const bool follows = sealed.previous_seal == last_seal_.first;
    sealed.previous = follows ? last_seal_.second : alias(sealed.previous);
  }
  const bool whole = sealed.first == unsealed_from_ && sealed.last >= sealed.first &&
                     sealed.last - sealed.first < unsealed_.size();
  if (!whole) {
    sealed.root = alias(sealed.root);
    return;
  }
  seal::Tree tree(storage::sha256);
  tree.start(sealed.first);
  for (; unsealed_from_ <= sealed.last; ++unsealed_from_) {
    tree.add(unsealed_.front());
    unsealed_.pop_front();
  }
  sealed.root = tree.root();
}

std::string Anonymiser::log_id(std::string_view text) const {
  const auto id = call::parse_call_id(text);
  return id ? call::to_string(alias(*id)) : alias("log", text);
}

void Anonymiser::alter(Header& header) const {
  header.anonymised = true;
  header.log_id = log_id(header.log_id);
  for (auto& each : header.part) {
    if (each.call) each.call = alias(*each.call);
    each.room = alias("room", each.room);
    each.tenant = alias("tenant", each.tenant);
    for (auto* at : {&each.from, &each.to}) {
      auto* time = *at ? std::get_if<call::Time>(&**at) : nullptr;
      if (time != nullptr) *time = shifted(*time);
    }
  }
}

}  // namespace callstate::tools
