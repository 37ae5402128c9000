#include "storage/chain_checker.hpp"

#include "storage/stream_text.hpp"

namespace callstate::storage {

void ChainChecker::seed(const call::Stream& stream, const call::Hash& chain) {
  key_of(stream, key_);
  last_[key_] = chain;
}

std::expected<void, engine::Failure> ChainChecker::check(const call::Record& record,
                                                         const call::Hash& hash) {
  key_of(record.stream, key_);
  auto [entry, unseen] = last_.try_emplace(key_);
  const auto expected = entry->second;
  entry->second = hash;
  if (unseen && since_ == Since::middle) return {};
  if (record.previous == expected) return {};
  const auto* const why =
      expected == call::Hash{}
          ? "names a record before it, and there is none: the stream's beginning is missing"
          : "does not carry the hash of the stream's record before it: one of the two was altered, "
            "or a record between them is missing";
  return std::unexpected(engine::Failure{"the chain of " + describe(record.stream) +
                                         " breaks at position " + std::to_string(record.position) +
                                         ": its record " + why});
}

}  // namespace callstate::storage
