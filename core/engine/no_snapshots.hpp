#pragma once

#include "core/engine/ports.hpp"

namespace callstate::engine {

/// Nothing is kept: every fold begins with the first record that it is shown.
class NoSnapshots final : public SnapshotStore {
 public:
  Mark last_mark() override { return {}; }
  std::optional<call::Room> find_room(const call::Stream&) override { return std::nullopt; }
  std::optional<call::User> find_user(const call::Stream&) override { return std::nullopt; }
  void put(const call::Stream&, const call::Room&) override {}
  void put(const call::Stream&, const call::User&) override {}
  void put(std::shared_ptr<const MailSegment>) override {}
  std::vector<call::Position> find_mail(const Fingerprint&, call::Position, std::size_t) override {
    return {};
  }
  void mark(Mark) override {}
};

}  // namespace callstate::engine
