#pragma once

#include <chrono>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/call/event.hpp"
#include "core/engine/ports.hpp"
#include "storage/record_codec.hpp"
#include "storage/sha256.hpp"
#include "storage/stream_text.hpp"
#include "tools/callstate/carry/exporting.hpp"
#include "tools/callstate/carry/fields.hpp"
#include "tools/callstate/carry/possible.hpp"

namespace callstate::tools::testing {

constexpr auto a_log_id = "11111111-2222-4333-8444-555555555555";

/// A log in memory whose records are numbered and chained by what storage makes of
/// their bytes.
class EncodedLog final : public engine::LogReader {
 public:
  /// Takes everything but the position, the seq and the hash of the record before.
  call::Record& add(call::Record record) {
    record.position = records.size() + 1;
    storage::key_of(record.stream, key_);
    auto& [seq, chain] = last_[key_];
    record.seq = record.outcome == call::Outcome::applied ? ++seq : seq;
    record.previous = chain;
    chain = storage::sha256(encoder_.encode(record));
    hashes_.push_back(chain);
    return records.emplace_back(std::move(record));
  }

  [[nodiscard]] call::Position head() const override { return records.size(); }
  std::expected<void, engine::Failure> read(call::Position from, call::Position to,
                                            const Each& each) const override {
    for (auto at = from; at <= std::min(to, head()); ++at) {
      if (!each(records[at - 1], hashes_[at - 1])) break;
    }
    return {};
  }

  [[nodiscard]] const call::Hash& hash(call::Position at) const { return hashes_.at(at - 1); }

  [[nodiscard]] Exportable exportable() const {
    return {.log = *this, .header = {.log_id = a_log_id, .head = head()}};
  }

  std::vector<call::Record> records;

 private:
  std::map<std::string, std::pair<call::Seq, call::Hash>> last_;
  std::vector<call::Hash> hashes_;
  storage::RecordEncoder encoder_;
  std::string key_;
};

/// Records of every type and outcome, with every text that a stranger might think of.
class RandomRecords {
 public:
  explicit RandomRecords(std::uint32_t seed) : random_(seed) {}

  EncodedLog log(std::size_t count) {
    EncodedLog made;
    PossibleCalls calls(true);
    for (std::size_t i = 0; i < count; ++i) {
      auto record = next();
      record.position = record.seq = i + 1;
      // What no rules could have applied came to nothing.
      if (calls.take(record)) record.outcome = call::Outcome::ignored;
      made.add(std::move(record));
    }
    return made;
  }

 private:
  call::Record next() {
    call::Record record;
    record.payload = payload();
    ++made_;
    now_ += std::chrono::microseconds(below(3) * below(5'000'000));
    record.at = now_;
    record.stream = stream(record.payload);
    record.outcome = static_cast<call::Outcome>(below(5) < 3 ? 0 : below(3));
    if (record.outcome == call::Outcome::refused) {
      record.refusal = static_cast<call::ErrorCode>(1 + below(16));
    }
    record.actor.role = static_cast<call::Role>(below(5));
    record.actor.user = record.actor.role == call::Role::system
                            ? call::UserId::clipped(call::system_actor)
                            : user();
    if (chance()) record.actor.device = call::DeviceId::clipped(text());
    if (chance()) record.message_id = call::MessageId::clipped(text());
    if (chance()) record.call = call_id();
    return record;
  }

  call::Payload payload() {
    using namespace call;
    switch (below(std::variant_size_v<Payload>)) {
      case 0:
        return started();
      case 1:
        return Ringing{};
      case 2:
        return Accepted{time()};
      case 3:
        return Rejected{text()};
      case 4:
        return Ended{static_cast<EndReason>(below(8)), text(), below(100)};
      case 5:
        return TimedOut{};
      case 6:
        return CalleeOffline{user()};
      case 7:
        return invited();
      case 8:
        return Signaled{user(), text()};
      case 9:
        return ParticipantJoined{user()};
      case 10:
        return ParticipantLeft{user(), static_cast<LeaveReason>(below(4)), time()};
      case 11:
        return UserOnline{};
      case 12:
        return UserOffline{};
      case 13:
        return UserInCall{RoomName::clipped(room())};
      case 14:
        return ServerStarted{time(), time(), text()};
      case 15:
        return MediaReported{text(), user(), text(), time()};
      case 16:
        return Revoked{time()};
      default:
        return seal();
    }
  }

  call::Payload started() {
    const auto callees = users();
    return call::CallStarted{user(), text(), callees,           text(),      text(),
                             time(), text(), roles_of(callees), known_role()};
  }
  call::Payload invited() {
    const auto callees = users();
    return call::Invited{callees, time(), text(), roles_of(callees)};
  }
  /// Over some of the records before it, whatever they are.
  call::Payload seal() {
    if (made_ == 0) return call::TimedOut{};
    call::Sealed sealed{.first = 1 + below(made_), .log_id = a_log_id};
    sealed.last = sealed.first + below(made_ - sealed.first + 1);
    sealed.root[0] = 7;
    if (chance()) sealed.signature[63] = sealed.key[0] = 9;
    return sealed;
  }
  /// One each, as they are recorded: none where none is known.
  std::vector<call::KnownRole> roles_of(const std::vector<call::UserId>& users) {
    std::vector<call::KnownRole> made(users.size());
    if (made.empty() || chance()) return {};
    for (auto& role : made) role = known_role();
    made.front() = call::Role::portal_customer;
    return made;
  }
  call::KnownRole known_role() {
    return chance() ? call::KnownRole(static_cast<call::Role>(below(2))) : call::KnownRole();
  }

  /// One that the payload can be of.
  call::Stream stream(const call::Payload& payload) {
    const auto kind = StreamOf::of(payload);
    if (kind == call::StreamKind::server) return {kind, {}, {}};
    const auto tenant =
        call::TenantId::clipped(chance() ? "tenant-original-a" : "tenant-original-b");
    if (kind == call::StreamKind::room) return {kind, tenant, call::UserId::clipped(room())};
    return {kind, tenant, call::UserId::clipped("user-original-" + std::to_string(below(4)))};
  }

  std::string text() {
    static const std::vector<std::string> odd{
        "",
        "Alice Adams-Original",
        std::string("NUL\0inside", 10),
        "quote\" back\\slash / solidus",
        "line\nfeed\r\ttab\x01\x1f\x7f",
        "Zoë 中文 \xF0\x9F\x98\x80 \xE2\x80\xA8",
        "not UTF-8: \xff\xfe\xc0\x80",
        "\xed\xa0\x80 half a surrogate",
        R"({"sdp":"v=0\r\n","n":1e400})",
        std::string(3000, 'x'),
    };
    return odd[below(static_cast<unsigned>(odd.size()))];
  }
  call::UserId user() {
    return call::UserId::clipped(chance() ? text() : "user-original-" + std::to_string(below(4)));
  }
  std::vector<call::UserId> users() {
    std::vector<call::UserId> made;
    for (unsigned i = below(4); i > 0; --i) made.push_back(user());
    return made;
  }
  std::string room() { return "room-original-" + std::to_string(below(3)); }
  call::Time time() {
    using namespace std::chrono;
    switch (below(6)) {
      case 0:
        return {};
      case 1:
        return call::Time(call::Duration(std::int64_t{1} << (below(62))));
      case 2:
        return call::Time(call::Duration(-(std::int64_t{1} << (below(62)))));
      default:
        return now_ + microseconds(below(100'000'000));
    }
  }
  call::CallId call_id() {
    call::CallId id;
    id.bytes[0] = 1;
    id.bytes[15] = static_cast<std::uint8_t>(1 + below(3));
    return id;
  }
  unsigned below(std::size_t end) { return static_cast<unsigned>(random_() % end); }
  bool chance() { return below(2) == 0; }

  std::mt19937 random_;
  std::size_t made_ = 0;
  call::Time now_{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)};
};

/// All that an export gives, as one text.
inline std::string export_text(const Exportable& from, const Selection& wanted = {},
                               Anonymiser* anonymiser = nullptr) {
  std::string text;
  const auto done = export_log(from, wanted, anonymiser, [&](std::string_view piece) {
    text += piece;
    return true;
  });
  return done ? text : "failed: " + done.error().message;
}

}  // namespace callstate::tools::testing
