#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "core/engine/keyed_hash.hpp"
#include "storage/record_codec.hpp"
#include "tools/callstate/carry/header.hpp"

namespace callstate::tools {

/// Puts made-up names in the place of those in a log, the same for the same name
/// under the same key, and moves its times. What happens, in which order and how far
/// apart, stays; so do roles, reasons, the media server's own words, and `system`.
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
  [[nodiscard]] call::Time shifted(call::Time time) const;

  engine::HashKey key_;
  call::Duration shift_;
  std::unordered_map<std::string, call::Hash> chains_;
  std::string stream_;
  storage::RecordEncoder encoder_;
};

}  // namespace callstate::tools
