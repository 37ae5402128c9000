#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "tools/callstate/log_source.hpp"
#include "tools/callstate/report/history.hpp"

namespace callstate::tools {

/// Which room or call a command is about, and in which log.
struct RoomOptions {
  std::string name;
  std::string tenant;
  LogOptions log;
};

/// `argument`: what the help calls the name.
void add_room_options(CLI::App& app, RoomOptions& options, const std::string& argument = "ROOM");

/// The room's log.
struct OpenRoom {
  std::unique_ptr<LogSource> log;
  Wanted wanted;
};
std::expected<OpenRoom, Trouble> open_room(const RoomOptions& options);

/// A flag's position or time, relative to the machine's clock. The trouble names the flag.
std::expected<At, Trouble> parse_point(const std::string& flag, const std::string& text);
/// A flag's time, likewise; nothing where it was not given.
std::expected<std::optional<call::Time>, Trouble> parse_moment(const std::string& flag,
                                                               const std::string& text);

}  // namespace callstate::tools
