#pragma once

#include "core/engine/ports.hpp"
#include "storage/detail/database.hpp"

namespace callstate::storage {

/// The states and the mark that a stopped log holds, to look at: what is put is
/// dropped. Any thread.
class StoredSnapshots final : public engine::SnapshotStore {
 public:
  StoredSnapshots(const Database& database, const call::Hash& reducer)
      : database_(database), reducer_(reducer) {}

  Mark last_mark() override;
  std::optional<call::Room> find_room(const call::Stream& stream) override;
  std::optional<call::User> find_user(const call::Stream& stream) override;
  void put(const call::Stream&, const call::Room&) override {}
  void put(const call::Stream&, const call::User&) override {}
  void put(std::shared_ptr<const engine::MailSegment>) override {}
  std::vector<call::Position> find_mail(const engine::Fingerprint& to, call::Position after,
                                        std::size_t max) override;
  void mark(Mark) override {}

 private:
  [[nodiscard]] std::string find(const call::Stream& stream) const;

  const Database& database_;
  call::Hash reducer_;
};

}  // namespace callstate::storage
