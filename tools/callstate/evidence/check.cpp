#include "tools/callstate/evidence/check.hpp"

#include <algorithm>
#include <optional>

#include "core/seal/merkle.hpp"
#include "core/seal/statement.hpp"
#include "storage/record_codec.hpp"
#include "storage/sha256.hpp"

namespace callstate::tools {
namespace {

constexpr std::size_t problems_max = 100;

std::span<const std::uint8_t> span_of(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

struct SealRead {
  call::Position position = 0;
  call::Sealed sealed;
  call::Hash hash{};
};

class Check {
 public:
  Check(const Evidence& evidence, std::span<const storage::PublicKey> keys)
      : evidence_(evidence), trusted_(keys) {}

  CheckedEvidence run(std::string_view text) && {
    found_.call = to_string(evidence_.call);
    found_.room = evidence_.room;
    found_.tenant = evidence_.tenant;
    found_.records = evidence_.records.size();
    found_.unsealed = evidence_.unsealed();
    found_.seals = evidence_.seals.size();
    read_keys();
    check_seals();
    check_records();
    check_sealed();
    check_text(text);
    return std::move(found_);
  }

 private:
  void report(std::string where, std::string what) {
    if (found_.problems.size() < problems_max) {
      found_.problems.push_back({std::move(where), std::move(what)});
    }
  }
  static std::string named(std::string_view what, std::size_t index, call::Position position) {
    return std::string(what) + " " + std::to_string(index + 1) + ", position " +
           std::to_string(position);
  }

  void read_keys() {
    for (std::size_t i = 0; i < evidence_.keys.size(); ++i) {
      const std::string where = "key " + std::to_string(i + 1);
      auto key = storage::PublicKey::parse(evidence_.keys[i]);
      if (!key) {
        report(where, key.error());
      } else if (key->pem() != evidence_.keys[i]) {
        report(where, "it is not written as a public key is");
      } else {
        own_.push_back(std::move(*key));
      }
    }
  }

  // ---- seals ----

  void check_seals() {
    for (std::size_t i = 0; i < evidence_.seals.size(); ++i) {
      const auto& item = evidence_.seals[i];
      const std::string where = named("seal", i, item.position);
      call::Record record;
      const auto why = decoder_.decode(span_of(item.bytes), record);
      const auto* sealed = std::get_if<call::Sealed>(&record.payload);
      if (!why.empty() || sealed == nullptr || record.stream.kind != call::StreamKind::server ||
          !seal::well_formed(*sealed, item.position)) {
        report(where, why.empty() ? "its record is no seal" : "its record: " + std::string(why));
        continue;
      }
      if (sealed->log_id != evidence_.log_id) {
        report(where, "it is of the log " + sealed->log_id + ", and the file of another");
      }
      if (i > 0) check_follows(*sealed, where);
      check_signature(*sealed, record.at, where);
      seals_.push_back({item.position, *sealed, storage::sha256(span_of(item.bytes))});
    }
  }

  void check_follows(const call::Sealed& sealed, const std::string& where) {
    if (seals_.empty()) return;
    const auto& before = seals_.back();
    if (sealed.previous_seal != before.position || sealed.previous != before.hash ||
        sealed.first != before.sealed.last + 1) {
      report(where, "it does not follow the seal at position " + std::to_string(before.position) +
                        ": one of them was altered, or one between them is missing");
    }
  }

  void check_signature(const call::Sealed& sealed, call::Time at, const std::string& where) {
    if (sealed.key == call::KeyId{}) {
      ++found_.unsigned_seals;
      if (!trusted_.empty()) report(where, "it is not signed");
      return;
    }
    const auto statement = seal::statement(sealed, at);
    const auto key_in = [&](std::span<const storage::PublicKey> keys) {
      const auto key = std::ranges::find(keys, sealed.key, &storage::PublicKey::id);
      return key == keys.end() ? nullptr : &*key;
    };
    const auto* trusted = key_in(trusted_);
    const auto* own = key_in(own_);
    const auto* key = trusted != nullptr ? trusted : own;
    if (key != nullptr && !key->verifies(statement, sealed.signature)) {
      return report(where, "its signature is wrong");
    }
    if (trusted != nullptr) {
      ++found_.signatures;
    } else if (!trusted_.empty()) {
      report(where, "it is signed by the key " + seal::to_hex(sealed.key) +
                        ", which is none of those given");
    } else if (own != nullptr) {
      ++found_.unvouched;
    }
  }

  // ---- records ----

  void check_records() {
    const auto& items = evidence_.records;
    if (items.empty()) report("the file", "it has no records");
    call::Hash before{};
    std::vector<bool> used(seals_.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto& item = items[i];
      const std::string where = named("record", i, item.position);
      if (i > 0 && item.position <= items[i - 1].position) {
        report(where, "it does not come after position " + std::to_string(items[i - 1].position));
      }
      call::Record record;
      const auto hash = storage::sha256(span_of(item.bytes));
      if (const auto why = decoder_.decode(span_of(item.bytes), record); !why.empty()) {
        report(where, "its record: " + std::string(why));
      } else {
        check_record(record, i, before, where);
      }
      check_path(item, hash, where, used);
      if (item.seal == 0 && i + 1 < items.size() && items[i + 1].seal != 0) {
        report(where, "it is not sealed, and the next one is");
      }
      before = hash;
    }
    // None that proves nothing, but between the first and the last.
    if (!used.empty() && !(used.front() && used.back())) {
      report("the file", "it has a seal of none of its records at an end of its seals");
    }
  }

  /// What nothing vouches for is no evidence: not before somebody who has a key, and not
  /// where there is no seal at all.
  void check_sealed() {
    const auto records = found_.records;
    if (found_.unsealed == 0 || (trusted_.empty() && found_.unsealed < records)) return;
    if (found_.unsealed == records) {
      return report("the file", "none of its records is sealed: nothing vouches for them");
    }
    const auto first = records - found_.unsealed;
    report(named("record", first, evidence_.records[first].position),
           found_.unsealed == 1 ? "it is not sealed: nothing vouches for it"
                                : "it and all after it are not sealed: nothing vouches for them");
  }

  void check_record(const call::Record& record, std::size_t index, const call::Hash& before,
                    const std::string& where) {
    const auto& stream = record.stream;
    if (stream.kind != call::StreamKind::room || stream.tenant.view() != evidence_.tenant ||
        stream.name.view() != evidence_.room) {
      report(where,
             "it is not of the room " + evidence_.room + " of the tenant " + evidence_.tenant);
    }
    if (index > 0 && record.previous != before) {
      report(where,
             "it does not follow the record before it: one of them was altered, or records "
             "between them are missing");
    }
    const bool at_an_end = index == 0 || index + 1 == evidence_.records.size();
    if (at_an_end && record.call != evidence_.call) report(where, "it is not of the call");
    if (record.call == evidence_.call && record.outcome == call::Outcome::applied) {
      found_.ended |= std::holds_alternative<call::Ended>(record.payload);
    }
  }

  void check_path(const Evidence::Item& item, const call::Hash& hash, const std::string& where,
                  std::vector<bool>& used) {
    if (item.seal == 0) {
      if (!item.path.empty()) report(where, "it is not sealed, and has a path to a seal");
      return;
    }
    const auto at = std::ranges::find(seals_, item.seal, &SealRead::position);
    if (at == seals_.end()) {
      return report(where, "its seal at position " + std::to_string(item.seal) +
                               " is not in the file, or not a good one");
    }
    used[static_cast<std::size_t>(at - seals_.begin())] = true;
    const auto& sealed = at->sealed;
    const bool covered = sealed.first <= item.position && item.position <= sealed.last;
    const auto root =
        !covered ? std::nullopt
                 : seal::root_by(
                       storage::sha256, seal::leaf_hash(storage::sha256, item.position, hash),
                       item.position - sealed.first, sealed.last - sealed.first + 1, item.path);
    if (root != sealed.root) {
      report(where, "it is not what was sealed at position " + std::to_string(item.seal) +
                        ": the record, its position or its path was altered");
    }
  }

  // ---- the text itself ----

  /// Whatever it says beyond what was looked at must be what that makes it.
  void check_text(std::string_view text) {
    const auto right = write_evidence(evidence_);
    if (right == text) return;
    const auto [there, here] = std::ranges::mismatch(text, right);
    const auto offset = static_cast<std::size_t>(there - text.begin());
    const auto before = std::string_view(right).substr(0, offset);
    const auto line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
    std::string where = "line " + std::to_string(line);
    // The last member that was begun there.
    const auto begin = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
    const auto of_line = before.substr(begin);
    if (const auto end = of_line.rfind("\":"); end != of_line.npos) {
      if (const auto start = of_line.rfind('"', end - 1); start != of_line.npos && end > 0) {
        where += ", \"" + std::string(of_line.substr(start + 1, end - start - 1)) + "\"";
      }
    }
    report(std::move(where), "byte " + std::to_string(offset + 1) +
                                 " of the file is not what the records and seals make it: it "
                                 "was altered, or something was added or left out");
  }

  const Evidence& evidence_;
  std::span<const storage::PublicKey> trusted_;
  std::vector<storage::PublicKey> own_;
  std::vector<SealRead> seals_;
  storage::RecordDecoder decoder_;
  CheckedEvidence found_;
};

}  // namespace

std::expected<CheckedEvidence, std::string> check_evidence(
    std::string_view text, std::span<const storage::PublicKey> keys) {
  const auto evidence = parse_evidence(text);
  if (!evidence) return std::unexpected(evidence.error());
  return Check(*evidence, keys).run(text);
}

}  // namespace callstate::tools
