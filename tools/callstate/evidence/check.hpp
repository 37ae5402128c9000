#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/seal_key.hpp"
#include "tools/callstate/evidence/evidence.hpp"

namespace callstate::tools {

struct CheckedEvidence {
  struct Problem {
    std::string where;  // `record 3, position 17`, `seal 1, position 4097`, `line 12`
    std::string what;   // a sentence without its end
  };
  std::vector<Problem> problems;
  std::string call;
  std::string room;
  std::string tenant;
  std::size_t records = 0;
  std::size_t unsealed = 0;
  std::size_t seals = 0;
  std::size_t signatures = 0;  // good ones, by a key that was given
  std::size_t unvouched = 0;   // good ones, by a key that only the file itself has
  std::size_t unsigned_seals = 0;
  bool ended = false;  // the call's end is among the records

  [[nodiscard]] bool good() const { return problems.empty(); }
};

/// Checks a file without the log: that each record is what its seal was made of, that
/// the chain of its stream has no gap, that the seals follow one another, their
/// signatures, and that the text says nothing else. `keys`: whom one trusts, and then
/// every record must be sealed and every seal signed by one of them. None: signatures
/// are checked by the keys in the file, which is counted apart, and one record at least
/// must be sealed. The failure: it cannot be read as evidence at all.
[[nodiscard]] std::expected<CheckedEvidence, std::string> check_evidence(
    std::string_view text, std::span<const storage::PublicKey> keys);

/// As a page, and as one JSON object.
[[nodiscard]] std::string render_checked(const CheckedEvidence& found);
[[nodiscard]] std::string checked_json(const CheckedEvidence& found);

}  // namespace callstate::tools
