#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/demo.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/secret.hpp"
#include "transports/jwt_base64.hpp"

namespace callstate::tools {
namespace {

struct Options {
  std::string server = "http://127.0.0.1:7480";
  std::string token_caller;
  std::string token_callee;
  std::string ca_file;
  std::string pause = "300ms";
  std::string until = "ended";
  bool keep_ringing = false;
  bool json = false;
};

/// Whom a token speaks for: unverified, which is the server's business.
std::optional<std::string> user_of(std::string_view token) {
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  if (first == token.npos || second == token.npos) return std::nullopt;
  const auto payload = transports::decode_base64url(token.substr(first + 1, second - first - 1));
  if (!payload) return std::nullopt;
  boost::system::error_code error;
  const auto claims = boost::json::parse(*payload, error);
  const auto* object = error ? nullptr : claims.if_object();
  const auto* user = object == nullptr ? nullptr : object->if_contains("sub");
  if (user == nullptr || !user->is_string()) return std::nullopt;
  return std::string(user->get_string());
}

std::expected<DemoPlan, std::string> plan_of(const Options& options) {
  DemoPlan plan;
  const auto url = parse_server_url(options.server, options.ca_file);
  if (!url) return std::unexpected("--server: " + url.error() + ".");
  plan.url = *url;
  const auto pause = parse_duration(options.pause);
  if (!pause) return std::unexpected("--pause: " + pause.error() + ".");
  plan.pause = std::chrono::duration_cast<std::chrono::milliseconds>(*pause);
  const auto until = parse_step(options.keep_ringing ? "ringing" : options.until);
  if (!until) {
    return std::unexpected("--until: there is no step " + options.until +
                           ". Take started, ringing, accepted or ended.");
  }
  plan.until = *until;
  plan.json = options.json;
  plan.look_hint = " --server " + plan.url.text();
  if (!options.ca_file.empty()) plan.look_hint += " --ca-file " + options.ca_file;
  if (options.token_caller.empty() != options.token_callee.empty()) {
    return std::unexpected("Give both --token-caller and --token-callee, or neither.");
  }
  if (options.token_caller.empty()) {
    plan.caller = {"alice", development_token("alice", "demo", "CRM_USER", "Alice Adams")};
    plan.callee = {"bob", development_token("bob", "demo", "PORTAL_CUSTOMER", "Bob Brown")};
    return plan;
  }
  const auto caller = user_of(options.token_caller);
  const auto callee = user_of(options.token_callee);
  if (!caller || !callee) {
    return std::unexpected("A token is given that is no JWT; `callstate token` prints one.");
  }
  if (*caller == *callee) {
    return std::unexpected("Both tokens are of the user " + *caller + ", who cannot call itself.");
  }
  plan.caller = {*caller, options.token_caller};
  plan.callee = {*callee, options.token_callee};
  plan.look_hint += " --token JWT";
  return plan;
}

int run(const Options& options) {
  const auto plan = plan_of(options);
  if (!plan) return complain("demo", {Exit::unusable, plan.error()});
  const auto played = play_demo(*plan, Paint::for_stdout());
  return played ? 0 : complain("demo", played.error());
}

}  // namespace

void add_demo(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* demo = app.add_subcommand("demo", "Play a call against a running server");
  demo->description(
      "Play a call against a running server.\n"
      "One call between a caller, and a callee with two devices. Prints what each of them sends "
      "(→) and hears (←), as it happens, and how to look at the call "
      "afterwards.");
  demo->add_option("--server", options->server, "the server's address")
      ->capture_default_str()
      ->type_name("URL");
  demo->add_option("--ca-file", options->ca_file,
                   "further certificate authority (PEM) for its https address")
      ->type_name("FILE");
  demo->add_option("--token-caller", options->token_caller,
                   "tokens of two users of one tenant; not needed when the server runs with --dev")
      ->type_name("JWT");
  demo->add_option("--token-callee", options->token_callee)->type_name("JWT");
  demo->add_option("--pause", options->pause, "between one message and the next")
      ->capture_default_str()
      ->type_name("DURATION");
  auto* until = demo->add_option("--until", options->until,
                                 "stop there and stay connected: started, ringing or accepted")
                    ->type_name("STEP");
  demo->add_flag("--keep-ringing", options->keep_ringing, "the same as --until ringing")
      ->excludes(until);
  demo->add_flag("--json", options->json, "one JSON object a line");
  demo->footer(
      "Examples:\n"
      "  callstate demo\n"
      "  callstate demo --keep-ringing      # then kill the server, start it again, and look\n"
      "  callstate demo --pause 0 --json | jq -c .message");
  demo->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
