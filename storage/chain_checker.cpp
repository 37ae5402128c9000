#include "storage/chain_checker.hpp"

#include <utility>

#include "storage/stream_text.hpp"

namespace callstate::storage {

void ChainChecker::seed(const call::Stream& stream, const call::Hash& chain) {
  key_of(stream, key_);
  last_[key_] = chain;
}

std::expected<void, engine::Failure> ChainChecker::check(const call::Record& record,
                                                         const call::Hash& hash) {
  std::expected<void, engine::Failure> begun{};
  if (beginning_ && record.position >= beginning_->first) begun = begin();
  key_of(record.stream, key_);
  auto [entry, unseen] = last_.try_emplace(key_);
  const auto expected = entry->second;
  entry->second = hash;
  const bool may_skip = beginning_ && record.stream.kind != call::StreamKind::room;
  if (may_skip || (unseen && since_ == Since::middle)) return {};
  if (!begun || record.previous == expected) return begun;
  const auto* const why =
      expected == call::Hash{}
          ? "names a record before it, and there is none: the stream's beginning is missing"
          : "does not carry the hash of the stream's record before it: one of the two was altered, "
            "or a record between them is missing";
  return std::unexpected(engine::Failure{"the chain of " + describe(record.stream) +
                                         " breaks at position " + std::to_string(record.position) +
                                         ": its record " + why});
}

std::expected<void, engine::Failure> ChainChecker::begin() {
  const auto beginning = std::exchange(beginning_, nullptr);
  const auto kept = std::exchange(last_, {});
  std::expected<void, engine::Failure> follows{};
  since_ = Since::start;
  for (const auto& [name, state] : beginning->states) {
    const auto& stream = state.stream;
    const auto* room = std::get_if<call::Room>(&state.state);
    // Whose a name at the media server is: of no stream.
    if (room != nullptr && stream.tenant.empty()) continue;
    const auto chain = std::visit([](const auto& each) { return each.chain; }, state.state);
    seed(stream, chain);
    const auto last = kept.find(key_);
    if (room == nullptr || !room->live() || last == kept.end() || last->second == chain) continue;
    follows = std::unexpected(engine::Failure{
        "the chain of " + describe(stream) + " breaks at position " +
        std::to_string(beginning->first) +
        ": the state there does not carry the hash of the last record that was kept of before"});
  }
  return follows;
}

}  // namespace callstate::storage
