#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "core/call/ids.hpp"

namespace callstate::engine {

/// What a user is to us, where the token alone does not say it.
struct Profile {
  call::TenantId tenant;
  call::Role role = call::Role::crm_user;
  std::string name;  // to be shown; may be empty

  friend bool operator==(const Profile&, const Profile&) = default;
};

/// Says which tenant, role and name a user has. Whoever authenticates asks `cached`
/// first, on the thread that serves connections, and `look_up` where that has
/// nothing. No call throws; any thread.
class Directory {
 public:
  virtual ~Directory() = default;

  enum class Refusal : std::uint8_t {
    unknown,      // there is no such user: asking again soon gives the same
    unavailable,  // the directory cannot say now, and does not know the user from before
  };
  struct Failure {
    Refusal refusal = Refusal::unknown;
    std::string message;  // for the log; names no secret
  };
  using Answer = std::expected<Profile, Failure>;
  using Callback = std::function<void(const Answer&)>;

  /// What is known and fresh, without waiting for anything.
  [[nodiscard]] virtual std::optional<Profile> cached(const call::UserId& user) = 0;

  /// What was last known, however stale, as long as it may be given while the directory
  /// has trouble. Likewise without waiting for anything.
  [[nodiscard]] virtual std::optional<Profile> remembered(const call::UserId& user) = 0;

  /// Asks, and does not wait. `done` is called once: on a thread of the directory's,
  /// or within this call where the answer is at hand. It must not block.
  virtual void look_up(const call::UserId& user, Callback done) = 0;
};

}  // namespace callstate::engine
