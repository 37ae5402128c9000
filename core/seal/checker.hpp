#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/event.hpp"
#include "core/seal/merkle.hpp"

namespace callstate::seal {

/// What is wrong with a seal, or with what it seals.
struct Finding {
  enum class Kind : std::uint8_t {
    altered,    // the records are not those that were sealed
    misplaced,  // it does not follow the seal before it, or is of another log
    forged,     // its signature is wrong, is of a key that is not known, or is missing
  };
  Kind kind = Kind::altered;
  call::Position seal = 0;  // where it is
  call::Position first = 0;
  call::Position last = 0;  // what it seals
  std::string what{};       // a sentence without its end
};

/// Follows a log from its first record and checks each seal: that it follows the one
/// before it, that what it seals is what was there, and its signature. One thread.
class Checker {
 public:
  enum class Verdict : std::uint8_t { good, bad, unknown_key };
  /// Of a signed seal. None: signatures are not looked at.
  using CheckSignature =
      std::function<Verdict(const call::Sealed& sealed, std::string_view statement)>;

  /// `log_id`: of the log; empty: that of its first seal. `begins`: the position from
  /// which on the log has every record. Of seals that reach further back nothing but
  /// place and signature is checked; and the first may be over less than all before it.
  Checker(HashFunction hash, std::string log_id, CheckSignature check_signature = {},
          call::Position begins = 1);

  /// The next record. Positions that were left out since the last one count as altered.
  void take(const call::Record& record, const call::Hash& hash, std::vector<Finding>& found);

  struct Counts {
    std::uint64_t seals = 0;
    std::uint64_t good_signatures = 0;
    std::uint64_t unchecked = 0;       // signed, and not looked at
    std::uint64_t unsigned_seals = 0;  // before any that is signed
    std::uint64_t outlived = 0;        // records that they seal were dropped on purpose
    call::Position sealed_up_to = 0;
    call::Position last_seal = 0;  // its record's
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  void check(const call::Record& record, const call::Sealed& sealed, const call::Hash& hash,
             std::vector<Finding>& found);
  void check_place(const call::Sealed& sealed, const Finding& where, std::vector<Finding>& found);
  void check_root(const call::Sealed& sealed, const Finding& where, std::vector<Finding>& found);
  void check_signature(const call::Sealed& sealed, call::Time at, const Finding& where,
                       std::vector<Finding>& found);

  Tree tree_;
  std::string log_id_;
  CheckSignature check_signature_;
  call::Position begins_;
  Counts counts_;
  call::Hash last_hash_{};  // of the last seal's record
  bool any_signed_ = false;
};

}  // namespace callstate::seal
