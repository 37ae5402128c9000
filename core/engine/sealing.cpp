#include "core/engine/sealing.hpp"

#include <algorithm>
#include <chrono>

#include "core/seal/statement.hpp"

namespace callstate::engine {
namespace {

constexpr std::chrono::seconds retry{1};

seal::HashFunction hash_of(const SealSettings& settings) {
  return settings.by == nullptr ? nullptr : settings.by->hash();
}

}  // namespace

Sealing::Sealing(const SealSettings& settings) : settings_(settings), tree_(hash_of(settings)) {}

// The tree begins behind the last seal, or where less than a chunk is left to read.
void Sealing::restart(call::Position sealed, call::Position head) {
  const call::Position unsealed = head + 1 - std::min(sealed + 1, head + 1);
  const call::Position chunks =
      unsealed > settings_.tail_max ? unsealed / seal::chunk_positions : 0;
  tree_.start(sealed + 1 + chunks * seal::chunk_positions);
  since_.reset();
}

call::Position Sealing::begin(const SealPoint& marked, call::Position head, call::Position from,
                              call::Position first) {
  last_ = marked;
  begins_ = first;
  head_ = head;
  if (!on()) return from;
  restart(next() - 1, head);
  if (tree_.first() < first) tree_.start(first);
  return std::min(from, tree_.first());
}

void Sealing::replay(const call::Record& record, const RecordHash& hash) {
  const auto* sealed = std::get_if<call::Sealed>(&record.payload);
  if (sealed != nullptr) follow(*sealed, record.position, hash);
  if (!on() || record.position != tree_.next()) return;
  tree_.add(hash);
  if (sealed == nullptr && !since_) since_ = record.at;
}

void Sealing::take(const call::Record& record, const call::Hash& hash) {
  if (!on()) return;
  head_ = record.position;
  const auto* sealed = std::get_if<call::Sealed>(&record.payload);
  if (sealed != nullptr) follow(*sealed, record.position, hash);
  // Not so only where the log's own seals make no sense: better no seal than a wrong one.
  if (tree_.next() != record.position) tree_.start(record.position);
  tree_.add(hash);
  if (sealed == nullptr && !since_) since_ = record.at;
}

call::Position Sealing::next() const {
  return last_.position == 0 ? begins_ : last_.last + 1;
}

void Sealing::follow(const call::Sealed& sealed, call::Position position, const call::Hash& hash) {
  // The log's first may have been made when it began earlier; others are known by the mark.
  const bool follows = last_.position == 0 ? sealed.first <= begins_ : sealed.first == next();
  if (!follows) return;
  last_ = {.position = position, .last = sealed.last, .hash = hash};
  retry_after_.reset();
  if (!on()) return;
  if (sealed.last + 1 == position) {
    restart(sealed.last, head_);
  } else {
    // Of the past, part of which may have been read.
    while (tree_.first() <= sealed.last && tree_.take_chunk()) continue;
  }
}

bool Sealing::ready() const {
  return on() && since_.has_value() && next() == tree_.first();
}

bool Sealing::due(call::Time now) const {
  if (!ready()) return false;
  if (retry_after_) return now >= *retry_after_;
  return tree_.size() >= settings_.records || now >= *since_ + settings_.every;
}

std::optional<call::Time> Sealing::deadline() const {
  if (!ready()) return std::nullopt;
  return retry_after_ ? *retry_after_ : *since_ + settings_.every;
}

std::optional<call::Sealed> Sealing::make(call::Time at) {
  call::Sealed sealed{.first = tree_.first(), .last = tree_.next() - 1, .root = tree_.root()};
  auto made = sign(std::move(sealed), at);
  if (!made) retry_after_ = at + retry;
  return made;
}

std::optional<Sealing::Past> Sealing::past() const {
  if (!on() || next() >= tree_.first()) return std::nullopt;
  return Past{next(), tree_.first() - 1};
}

std::optional<call::Sealed> Sealing::make_past(call::Position first, const call::Hash& root,
                                               call::Time at) {
  const auto wanted = past();
  if (!wanted || wanted->first != first) return std::nullopt;
  return sign({.first = first, .last = first + seal::chunk_positions - 1, .root = root}, at);
}

std::optional<call::Sealed> Sealing::sign(call::Sealed sealed, call::Time at) const {
  sealed.previous_seal = last_.position;
  sealed.previous = last_.hash;
  sealed.log_id = settings_.by->log_id();
  sealed.key = settings_.by->key();
  if (sealed.key == call::KeyId{}) return sealed;
  const auto signature = settings_.by->sign(seal::statement(sealed, at));
  if (!signature) return std::nullopt;
  sealed.signature = *signature;
  return sealed;
}

}  // namespace callstate::engine
