#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/engine/keyed_hash.hpp"
#include "core/seal/merkle.hpp"
#include "storage/record_codec.hpp"
#include "tools/callstate/carry/header.hpp"

namespace callstate::tools {

/// Puts made-up names in the place of those in a log, the same for the same name
/// under the same key, and moves its times. What happens, in which order and how far
/// apart, stays; so do roles, reasons, the media server's own words, and `system`. Of
/// a whole log the seals are made anew over what it has become, without signatures;
/// for that the hashes of what no seal covers yet are kept.
/// Who has the key can try names, and see which was meant. One thread.
class Anonymiser {
 public:
  /// `key`: any text; `shift` is added to all times.
  Anonymiser(std::string_view key, call::Duration shift);

  /// Alters the record, and chains it to its stream's one before. Gives the hash of
  /// its new bytes.
  call::Hash alter(call::Record& record);
  /// Likewise the log's id, and what the parts are named by.
  void alter(Header& header) const;

 private:
  class Fields;
  [[nodiscard]] std::string alias(std::string_view kind, std::string_view text) const;
  [[nodiscard]] call::CallId alias(const call::CallId& id) const;
  [[nodiscard]] call::Hash alias(const call::Hash& hash) const;
  [[nodiscard]] std::string media_room(std::string_view name) const;
  [[nodiscard]] std::string log_id(std::string_view text) const;
  void reseal(call::Sealed& sealed);
  void keep_for_seals(const call::Record& record, const call::Hash& hash);
  [[nodiscard]] call::Time shifted(call::Time time) const;

  engine::HashKey key_;
  call::Duration shift_;
  std::unordered_map<std::string, call::Hash> chains_;
  std::string stream_;
  storage::RecordEncoder encoder_;
  std::deque<call::Hash> unsealed_;  // of the records from here on
  call::Position unsealed_from_ = 1;
  std::pair<call::Position, call::Hash> last_seal_;
};

}  // namespace callstate::tools
