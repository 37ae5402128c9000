#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <string>

#include "core/history/ports.hpp"

namespace callstate::storage {

/// The index of calls beside a stopped log or in a checkpoint, to look at: it changes
/// nothing, and mends nothing. The caller sees to it that no process writes there.
class StoredCallIndex final : public history::RecordFinder {
 public:
  /// The failure says, in a sentence, why it is of no use: there is none, it is of
  /// another log or another build, damaged, or ahead of `head`, where the log ends.
  static std::expected<std::unique_ptr<StoredCallIndex>, std::string> open(
      const std::filesystem::path& path, const std::string& log_id, call::Position head);
  ~StoredCallIndex() override;

  [[nodiscard]] call::Position position() const override;
  [[nodiscard]] std::expected<Positions, history::Trouble> of_room(
      const std::optional<call::TenantId>& tenant, const call::RoomName& room) const override;
  [[nodiscard]] std::expected<Positions, history::Trouble> of_call(
      const call::CallId& id) const override;
  [[nodiscard]] std::expected<Positions, history::Trouble> of_starts() const override;

 private:
  struct Parts;
  explicit StoredCallIndex(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace callstate::storage
