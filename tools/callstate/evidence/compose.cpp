#include "tools/callstate/evidence/compose.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/seal/merkle.hpp"
#include "storage/sha256.hpp"

namespace callstate::tools {
namespace {

// A record's bytes are in the file in base64, and beside them what they say.
constexpr std::size_t record_bytes_max = evidence_bytes_max / 4;

std::string text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool starts_call(const call::Record& record) {
  return record.outcome == call::Outcome::applied &&
         std::holds_alternative<call::CallStarted>(record.payload);
}

struct Taken {
  call::Position position = 0;
  std::string bytes;
  bool of_call = false;
};

struct TakenSeal {
  call::Position position = 0;
  std::string bytes;
  call::Sealed sealed;
};

/// Takes in the log from the call's first record on: the stretch of its room's stream,
/// and the seals that come.
class Collector {
 public:
  explicit Collector(const EvidenceWanted& wanted) : wanted_(wanted) {}

  /// False: that was all, or too much.
  bool take(const call::Record& record, std::span<const std::uint8_t> bytes) {
    if (++read > wanted_.read_max) return false;
    if (const auto* sealed = std::get_if<call::Sealed>(&record.payload)) {
      take_seal(record.position, *sealed, bytes);
    } else if (record.stream.kind == call::StreamKind::room) {
      take_of_room(record, bytes);
    }
    over_ |= record.position >= wanted_.last;
    return bytes_ <= record_bytes_max && !(over_ && is_sealed());
  }

  [[nodiscard]] bool too_large() const { return bytes_ > record_bytes_max; }
  [[nodiscard]] bool cut_short() const { return read > wanted_.read_max; }

  /// What comes behind the call's last record is not its.
  void trim() {
    while (!records.empty() && !records.back().of_call) records.pop_back();
  }

  std::vector<Taken> records;
  std::vector<TakenSeal> seals;
  call::Stream stream;
  std::uint64_t read = 0;

 private:
  void take_seal(call::Position position, const call::Sealed& sealed,
                 std::span<const std::uint8_t> bytes) {
    if (records.empty() || sealed.last < records.front().position) return;
    bytes_ += bytes.size();
    seals.push_back({position, text_of(bytes), sealed});
  }

  void take_of_room(const call::Record& record, std::span<const std::uint8_t> bytes) {
    const bool of_call = record.call == wanted_.call;
    if (records.empty()) {
      if (!of_call || (wanted_.tenant && *wanted_.tenant != record.stream.tenant)) return;
      stream = record.stream;
    } else if (record.stream != stream || over_) {
      return;
    } else if (!of_call && starts_call(record)) {
      over_ = true;
      return;
    }
    bytes_ += bytes.size();
    records.push_back({record.position, text_of(bytes), of_call});
    if (of_call) last_ = record.position;
  }

  [[nodiscard]] bool is_sealed() const {
    return last_ != 0 && !seals.empty() && seals.back().sealed.last >= last_;
  }

  const EvidenceWanted& wanted_;
  std::size_t bytes_ = 0;
  call::Position last_ = 0;  // of the call
  bool over_ = false;        // nothing more of it comes
};

NoEvidence unreadable(const engine::Failure& failure) {
  return {NoEvidence::Why::unusable,
          failure.message + "\n`callstate verify` lists all that is wrong with a log."};
}

NoEvidence outlived() {
  return {NoEvidence::Why::outlived,
          "Other records under the call's seals were dropped with `callstate retain`, and "
          "without their hashes it cannot be proven any more: evidence has to be taken before."};
}

/// Whether what comes first was never sealed, and never will be.
bool begins_unsealed(const std::vector<Evidence::Item>& items) {
  return !items.empty() && items.front().seal == 0 && items.back().seal != 0;
}

/// The paths of all records under one seal.
std::expected<void, NoEvidence> add_paths(const engine::LogReader& log, const TakenSeal& seal,
                                          std::vector<Evidence::Item>& items) {
  const auto& sealed = seal.sealed;
  std::optional<seal::Paths> paths;
  for (auto& item : items) {
    if (item.position < sealed.first || item.position > sealed.last) continue;
    if (!paths) {
      std::vector<call::Hash> leaves;
      leaves.reserve(static_cast<std::size_t>(sealed.last - sealed.first + 1));
      const auto read =
          log.read(sealed.first, sealed.last, [&](const call::Record& record, const auto& hash) {
            leaves.push_back(seal::leaf_hash(storage::sha256, record.position, hash));
            return true;
          });
      if (!read) return std::unexpected(unreadable(read.error()));
      if (leaves.size() != sealed.last - sealed.first + 1) return std::unexpected(outlived());
      paths.emplace(storage::sha256, std::move(leaves));
    }
    item.seal = seal.position;
    item.path = paths->of(static_cast<std::size_t>(item.position - sealed.first));
  }
  return {};
}

/// Only what has signed.
std::vector<std::string> used_keys(std::span<const storage::PublicKey> keys,
                                   const std::vector<TakenSeal>& seals) {
  std::vector<std::string> used;
  for (const auto& key : keys) {
    const bool signs =
        std::ranges::any_of(seals, [&](const auto& seal) { return seal.sealed.key == key.id(); });
    const bool known = std::ranges::find(used, key.pem()) != used.end();
    if (signs && !known) used.push_back(key.pem());
  }
  return used;
}

}  // namespace

std::expected<Evidence, NoEvidence> compose_evidence(const engine::LogReader& log,
                                                     const std::string& log_id,
                                                     const EvidenceWanted& wanted,
                                                     std::span<const storage::PublicKey> keys) {
  using Why = NoEvidence::Why;
  Collector found(wanted);
  const auto read = log.read(wanted.first, log.head(),
                             [&](const call::Record& record, const engine::RecordHash& hash) {
                               return found.take(record, hash.bytes());
                             });
  if (!read) return std::unexpected(unreadable(read.error()));
  const std::string id = to_string(wanted.call);
  if (found.too_large()) {
    return std::unexpected(
        NoEvidence{Why::unusable, "Call " + id + " is too large for an evidence file."});
  }
  if (found.cut_short()) {
    return std::unexpected(
        NoEvidence{Why::unusable, "Call " + id +
                                      " and its seals are spread over too many records of the "
                                      "log to look for them beside a running server: make a "
                                      "checkpoint and run `callstate evidence` on it."});
  }
  found.trim();
  if (found.records.empty()) {
    return std::unexpected(
        NoEvidence{Why::no_call,
                   "There is no call " + id +
                       (wanted.tenant ? " of tenant " + std::string(wanted.tenant->view()) : "") +
                       " in this log (positions " + std::to_string(log.first()) + " to " +
                       std::to_string(log.head()) + ")."});
  }

  Evidence evidence{.log_id = log_id,
                    .tenant = std::string(found.stream.tenant.view()),
                    .room = std::string(found.stream.name.view()),
                    .call = wanted.call};
  for (auto& record : found.records) {
    evidence.records.push_back({record.position, std::move(record.bytes)});
  }
  // Up to the one over the last record.
  const call::Position last = evidence.records.back().position;
  const auto over_last =
      std::ranges::find_if(found.seals, [&](const auto& seal) { return seal.sealed.last >= last; });
  if (over_last != found.seals.end()) found.seals.erase(over_last + 1, found.seals.end());
  while (!found.seals.empty() && found.seals.back().sealed.first > last) found.seals.pop_back();
  for (const auto& seal : found.seals) {
    if (auto done = add_paths(log, seal, evidence.records); !done) {
      return std::unexpected(done.error());
    }
  }
  if (begins_unsealed(evidence.records)) {
    return std::unexpected(
        NoEvidence{Why::outlived,
                   "The call's first records are older than the log's first seal, and what was "
                   "not sealed before `callstate retain` is sealed no more: it cannot be proven."});
  }
  // Nor one behind the last that is sealed.
  while (!found.seals.empty() &&
         std::ranges::find(evidence.records, found.seals.back().position, &Evidence::Item::seal) ==
             evidence.records.end()) {
    found.seals.pop_back();
  }
  evidence.keys = used_keys(keys, found.seals);
  for (auto& seal : found.seals) {
    evidence.seals.push_back({seal.position, std::move(seal.bytes)});
  }
  return evidence;
}

}  // namespace callstate::tools
