#include "tools/callstate/room_options.hpp"

#include <CLI/CLI.hpp>
#include <chrono>

namespace callstate::tools {
namespace {

call::Time now() {
  return std::chrono::floor<call::Duration>(std::chrono::system_clock::now());
}

std::unexpected<Trouble> unusable(std::string message) {
  return std::unexpected(Trouble{Exit::unusable, std::move(message)});
}

}  // namespace

void add_room_options(CLI::App& app, RoomOptions& options, const std::string& argument) {
  app.add_option(argument, options.name, "the room's name, or the id of a call in it")->required();
  app.add_option("--tenant", options.tenant, "where several tenants have such a room")
      ->type_name("ID");
  add_log_options(app, options.log);
}

std::expected<OpenRoom, Trouble> open_room(const RoomOptions& options) {
  auto log = LogSource::open(options.log);
  if (!log) return std::unexpected(log.error());
  auto tenant = (*log)->tenant(options.tenant);
  if (!tenant) return std::unexpected(tenant.error());
  return OpenRoom{std::move(*log), {.name = options.name, .tenant = *tenant}};
}

std::expected<At, Trouble> parse_point(const std::string& flag, const std::string& text) {
  auto at = parse_at(text, now());
  if (!at) return unusable(flag + ": " + at.error() + ".");
  return *at;
}

std::expected<std::optional<call::Time>, Trouble> parse_moment(const std::string& flag,
                                                               const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto time = parse_time(text, now());
  if (!time) return unusable(flag + ": " + time.error() + ".");
  return *time;
}

}  // namespace callstate::tools
