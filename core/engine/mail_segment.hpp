#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/call/ids.hpp"
#include "core/engine/keyed_hash.hpp"

namespace callstate::engine {

/// A stretch of the log: which of its positions concern whom. Filled by one
/// thread, and immutable once it is closed.
///
/// Most events are heard by the same people as the one before them in their room,
/// so a strand holds the positions once, and every address that hears it refers
/// to it: an event costs one number, however many it concerns.
class MailSegment {
 public:
  using Strand = std::uint32_t;

  MailSegment() = default;
  /// An empty one with room for as much as `other` holds.
  struct AsLarge {};
  static constexpr AsLarge as_large{};
  MailSegment(const MailSegment& other, AsLarge) {
    strands_.reserve(other.strands_.size());
    refs_.reserve(other.refs_.size());
    index_.reserve(other.index_.size());
  }

  /// No segment holds positions of two blocks, of so many positions each: where a
  /// replay cuts segments anew, the old and the new ones overlap within a block.
  static constexpr call::Position block_positions = 16'384;
  static constexpr call::Position block_of(call::Position position) {
    return (position - 1) / block_positions;
  }

  Strand add_strand() {
    strands_.emplace_back();
    return static_cast<Strand>(strands_.size() - 1);
  }
  /// `to` hears the strand, from the position `from` on.
  void add_hearer(Strand strand, const Fingerprint& to, call::Position from) {
    Ref& ref = add_ref(to, from, strand);
    ref.next_of_strand =
        std::exchange(strands_[strand].refs, static_cast<std::uint32_t>(refs_.size() - 1));
  }
  /// The one event concerns `to`: no strand is needed for it.
  void add_single(const Fingerprint& to, call::Position position) {
    add_ref(to, position, none);
    last_ = position;
  }
  void add_event(Strand strand, call::Position position) {
    strands_[strand].positions.push_back(position);
    last_ = position;
  }

  [[nodiscard]] bool empty() const { return refs_.empty(); }
  /// The last position that concerns anybody; 0 for none.
  [[nodiscard]] call::Position last() const { return last_; }

  /// Appends the positions after `after` that concern `to`, the first `max` of
  /// each strand: rising within a strand, and some perhaps twice.
  void find(const Fingerprint& to, call::Position after, std::size_t max,
            std::vector<call::Position>& out) const {
    const auto known = index_.find(to);
    if (known == index_.end()) return;
    for (auto at = known->second; at != none; at = refs_[at].next_of_address) {
      const auto some = heard(refs_[at], after);
      const auto first = some.first(std::min(some.size(), max));
      out.insert(out.end(), first.begin(), first.end());
    }
  }

  /// Calls `each(address)` for every address that hears the strand.
  template <class Each>
  void for_each_hearer(Strand strand, Each&& each) const {
    for (auto ref = strands_[strand].refs; ref != none; ref = refs_[ref].next_of_strand) {
      each(refs_[ref].to);
    }
  }

  /// Calls `each(address, positions)` for every strand that an address hears, in the
  /// order in which they came: the positions rise and are not none.
  template <class Each>
  void for_each(Each&& each) const {
    for (const Ref& ref : refs_) {
      const auto positions = heard(ref, 0);
      if (!positions.empty()) each(ref.to, positions);
    }
  }

  /// Sorts, and leaves each once.
  static void tidy(std::vector<call::Position>& positions) {
    std::ranges::sort(positions);
    const auto [from, to] = std::ranges::unique(positions);
    positions.erase(from, to);
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  /// That an address hears a strand, or, of none, the event at `from`. Each is on
  /// two chains, which end with `none`.
  struct Ref {
    Fingerprint to;
    call::Position from;
    Strand strand;
    std::uint32_t next_of_address;
    std::uint32_t next_of_strand;
  };
  struct Events {
    boost::container::small_vector<call::Position, 8> positions;  // a short call's
    std::uint32_t refs = none;
  };
  struct Hash {
    std::size_t operator()(const Fingerprint& name) const { return name.first; }
  };

  Ref& add_ref(const Fingerprint& to, call::Position from, Strand strand) {
    auto [known, fresh] = index_.try_emplace(to, none);
    const auto before = std::exchange(known->second, static_cast<std::uint32_t>(refs_.size()));
    return refs_.emplace_back(to, from, strand, before, none);
  }

  /// What is heard by it after `after`.
  [[nodiscard]] std::span<const call::Position> heard(const Ref& ref, call::Position after) const {
    if (ref.strand == none) {
      return {&ref.from, ref.from > after ? std::size_t{1} : std::size_t{0}};
    }
    const auto& positions = strands_[ref.strand].positions;
    const auto begin = std::ranges::lower_bound(positions, std::max(ref.from, after + 1));
    return {begin, positions.end()};
  }

  std::vector<Events> strands_;
  std::vector<Ref> refs_;
  boost::unordered_flat_map<Fingerprint, std::uint32_t, Hash> index_;  // to the latest of its refs
  call::Position last_ = 0;
};

}  // namespace callstate::engine
