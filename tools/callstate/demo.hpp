#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "tools/callstate/net.hpp"
#include "tools/callstate/report/table.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// What has been reached.
enum class Step : std::uint8_t { started, ringing, accepted, ended };
std::optional<Step> parse_step(std::string_view name);

struct DemoPerson {
  std::string user;
  std::string token;
};

struct DemoPlan {
  ServerUrl url;
  DemoPerson caller;
  DemoPerson callee;
  std::chrono::milliseconds pause{300};
  Step until = Step::ended;
  bool json = false;
  std::string look_hint;  // what follows `callstate timeline ROOM` to look at the call
};

/// Plays one call against a running server, with the caller on one device and
/// the callee on two, and prints what each sees as it happens. With another
/// `until` than `ended` it stops there and holds the connections open until the
/// server goes. Fails when something that was to come does not come in time.
std::expected<void, Trouble> play_demo(const DemoPlan& plan, const Paint& paint);

}  // namespace callstate::tools
