// For tests/e2e/livekit.test.mjs, which holds transports/livekit.hpp against
// LiveKit's own SDK:
//   livekit_tool token <media room> <identity> <name>   prints a token
//   livekit_tool webhook <authorization> <body>         prints what it says
// The key and its secret are in LIVEKIT_API_KEY and LIVEKIT_API_SECRET.

#include <cstdlib>
#include <iostream>
#include <span>
#include <string>

#include "transports/json_writer.hpp"
#include "transports/livekit.hpp"

using namespace callstate;

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

call::Time now() {
  return std::chrono::time_point_cast<call::Duration>(std::chrono::system_clock::now());
}

int print_token(const transports::MediaSettings& settings, std::span<char*> arguments) {
  const transports::MediaGrant grant{.media_room = arguments[0],
                                     .identity = arguments[1],
                                     .name = arguments[2],
                                     .role = call::CallRole::caller,
                                     .call = {},
                                     .room = "room.1"};
  std::cout << transports::MediaTokens(settings).mint(grant, now()) << '\n';
  return 0;
}

int print_webhook(const transports::MediaSettings& settings, std::span<char*> arguments) {
  const auto report = transports::verify_webhook(arguments[0], arguments[1], settings, now());
  if (!report) {
    std::cerr << report.error().reason << '\n';
    return 1;
  }
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.text("id", report->id.view());
  to.text("room", report->media_room);
  to.text("event", report->said.event);
  to.text("user", report->said.user.view());
  to.text("detail", report->said.detail);
  to.time("at", report->said.reported_at);
  to.end_object();
  std::cout << text << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  transports::MediaSettings settings;
  settings.api_key = variable("LIVEKIT_API_KEY");
  settings.api_secret = variable("LIVEKIT_API_SECRET");
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "token" && argc == 5) return print_token(settings, arguments.subspan(2));
  if (what == "webhook" && argc == 4) return print_webhook(settings, arguments.subspan(2));
  std::cerr << "usage: livekit_tool token|webhook …\n";
  return 2;
}
