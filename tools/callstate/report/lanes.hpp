#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/call/state.hpp"
#include "tools/callstate/report/history.hpp"

namespace callstate::tools {

/// A column of a ladder: one device of one user, all of a user's devices, or all users
/// for whom there is no column of their own.
struct Lane {
  call::UserId user;
  call::DeviceId device;
  bool whole_user = false;  // whatever the device
};

/// The columns of one call, in the order of its participants, then of strangers.
class Lanes {
 public:
  /// At most `lanes_max`, which is not 0.
  Lanes(const Chapter& chapter, std::size_t lanes_max);

  [[nodiscard]] const std::vector<Lane>& all() const { return lanes_; }
  /// Users who share the last column beside its own.
  [[nodiscard]] std::size_t others() const { return others_; }

  [[nodiscard]] std::size_t of(const call::Actor& actor) const;
  /// Of all of a user's devices.
  [[nodiscard]] std::vector<std::size_t> of(const call::UserId& user) const;

 private:
  std::vector<Lane> lanes_;
  std::size_t others_ = 0;
};

}  // namespace callstate::tools
