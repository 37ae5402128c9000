#include "core/seal/checker.hpp"

#include <utility>

#include "core/seal/statement.hpp"

namespace callstate::seal {
namespace {

// Missing positions up to here are stood in for, so that the seals behind them can be
// checked nevertheless.
constexpr call::Position gap_max = 256 * chunk_positions;

void add(std::vector<Finding>& found, Finding where, Finding::Kind kind, std::string what) {
  where.kind = kind;
  where.what = std::move(what);
  found.push_back(std::move(where));
}

}  // namespace

Checker::Checker(HashFunction hash, std::string log_id, CheckSignature check_signature,
                 call::Position begins)
    : tree_(hash),
      log_id_(std::move(log_id)),
      check_signature_(std::move(check_signature)),
      begins_(begins) {
  tree_.start(begins_);
}

void Checker::take(const call::Record& record, const call::Hash& hash,
                   std::vector<Finding>& found) {
  const bool whole = record.position >= begins_;
  if (whole) {
    if (record.position - tree_.next() > gap_max) tree_.start(record.position);
    while (tree_.next() < record.position) tree_.add({});
  }
  if (const auto* sealed = std::get_if<call::Sealed>(&record.payload)) {
    check(record, *sealed, hash, found);
  }
  if (whole) tree_.add(hash);
}

void Checker::check(const call::Record& record, const call::Sealed& sealed, const call::Hash& hash,
                    std::vector<Finding>& found) {
  ++counts_.seals;
  const Finding where{.seal = record.position, .first = sealed.first, .last = sealed.last};
  if (!well_formed(sealed, record.position)) {
    add(found, where, Finding::Kind::misplaced,
        "it seals positions that it cannot seal, or names no log");
    return;
  }
  check_place(sealed, where, found);
  check_root(sealed, where, found);
  check_signature(sealed, record.at, where, found);
  counts_.sealed_up_to = sealed.last;
  counts_.last_seal = record.position;
  last_hash_ = hash;
}

void Checker::check_place(const call::Sealed& sealed, const Finding& where,
                          std::vector<Finding>& found) {
  using enum Finding::Kind;
  if (log_id_.empty()) log_id_ = sealed.log_id;
  if (sealed.log_id != log_id_) {
    add(found, where, misplaced, "it is a seal of the log " + sealed.log_id);
  }
  const bool follows =
      counts_.last_seal == 0 ? sealed.first <= begins_ : sealed.first == counts_.sealed_up_to + 1;
  if (!follows) {
    add(found, where, misplaced,
        "it begins at position " + std::to_string(sealed.first) + ", where " +
            std::to_string(counts_.sealed_up_to + 1) +
            " follows: a seal is missing or was made up");
  }
  if (sealed.previous_seal != counts_.last_seal || sealed.previous != last_hash_) {
    add(found, where, misplaced,
        "it names another seal before it than the one at position " +
            std::to_string(counts_.last_seal) +
            ": that one was altered, or a seal is missing or was made up");
  }
}

void Checker::check_root(const call::Sealed& sealed, const Finding& where,
                         std::vector<Finding>& found) {
  if (sealed.first < begins_) {
    ++counts_.outlived;
    if (sealed.last >= begins_ && sealed.last + 1 == where.seal) tree_.start(where.seal);
    return;
  }
  bool same = false;
  if (sealed.first == tree_.first() && sealed.last + 1 == tree_.next()) {
    same = tree_.root() == sealed.root;
    tree_.start(tree_.next());
  } else if (sealed.first == tree_.first() && sealed.last - sealed.first + 1 == chunk_positions) {
    const auto chunk = tree_.take_chunk();
    same = chunk && *chunk == sealed.root;
  } else if (sealed.last + 1 == where.seal) {
    tree_.start(where.seal);
  }
  if (!same) {
    add(found, where, Finding::Kind::altered,
        "the records of positions " + std::to_string(sealed.first) + " to " +
            std::to_string(sealed.last) + " are not those that were sealed");
  }
}

void Checker::check_signature(const call::Sealed& sealed, call::Time at, const Finding& where,
                              std::vector<Finding>& found) {
  using enum Finding::Kind;
  if (sealed.key == call::KeyId{}) {
    ++counts_.unsigned_seals;
    if (any_signed_ && check_signature_) {
      add(found, where, forged, "it is not signed, and seals before it are");
    }
    return;
  }
  any_signed_ = true;
  if (!check_signature_) {
    ++counts_.unchecked;
    return;
  }
  switch (check_signature_(sealed, statement(sealed, at))) {
    case Verdict::good:
      ++counts_.good_signatures;
      return;
    case Verdict::bad:
      return add(found, where, forged, "its signature is wrong");
    case Verdict::unknown_key:
      return add(
          found, where, forged,
          "it is signed by the key " + to_hex(sealed.key) + ", which is none of those given");
  }
}

}  // namespace callstate::seal
