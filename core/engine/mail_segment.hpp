#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
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
    const auto ref = static_cast<std::uint32_t>(refs_.size());
    auto [known, fresh] = index_.try_emplace(to, none);
    refs_.push_back({.to = to,
                     .from = from,
                     .strand = strand,
                     .next_of_address = std::exchange(known->second, ref),
                     .next_of_strand = std::exchange(strands_[strand].refs, ref)});
  }
  void add_event(Strand strand, call::Position position) {
    strands_[strand].positions.push_back(position);
    last_ = position;
  }

  [[nodiscard]] bool empty() const { return strands_.empty(); }
  /// The last position that concerns anybody; 0 for none.
  [[nodiscard]] call::Position last() const { return last_; }

  /// Appends the positions after `after` that concern `to`, the first `max` of
  /// each strand: rising within a strand, and some perhaps twice.
  void find(const Fingerprint& to, call::Position after, std::size_t max,
            std::vector<call::Position>& out) const {
    const auto known = index_.find(to);
    if (known != index_.end()) collect(known->second, after, max, out);
  }

  /// Calls `each(address)` for every address that hears the strand.
  template <class Each>
  void for_each_hearer(Strand strand, Each&& each) const {
    for (auto ref = strands_[strand].refs; ref != none; ref = refs_[ref].next_of_strand) {
      each(refs_[ref].to);
    }
  }

  /// Calls `each(address, positions)` for every address: rising, each once, not
  /// empty.
  template <class Each>
  void for_each(Each&& each) const {
    std::vector<call::Position> positions;
    for (const auto& [to, first] : index_) {
      positions.clear();
      collect(first, 0, static_cast<std::size_t>(last_), positions);
      tidy(positions);
      if (!positions.empty()) each(to, positions);
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
  /// That an address hears a strand. Each is on two chains, which end with `none`.
  struct Ref {
    Fingerprint to;
    call::Position from;
    Strand strand;
    std::uint32_t next_of_address;
    std::uint32_t next_of_strand;
  };
  struct Events {
    std::vector<call::Position> positions;
    std::uint32_t refs = none;
  };
  struct Hash {
    std::size_t operator()(const Fingerprint& name) const { return name.first; }
  };

  void collect(std::uint32_t ref, call::Position after, std::size_t max,
               std::vector<call::Position>& out) const {
    for (; ref != none; ref = refs_[ref].next_of_address) {
      const auto& positions = strands_[refs_[ref].strand].positions;
      const auto from = std::max(refs_[ref].from, after + 1);
      const auto begin = std::ranges::lower_bound(positions, from);
      const auto left = static_cast<std::size_t>(positions.end() - begin);
      out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(std::min(left, max)));
    }
  }

  std::vector<Events> strands_;
  std::vector<Ref> refs_;
  boost::unordered_flat_map<Fingerprint, std::uint32_t, Hash> index_;  // to the latest of its refs
  call::Position last_ = 0;
};

}  // namespace callstate::engine
