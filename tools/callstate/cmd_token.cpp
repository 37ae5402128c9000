#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "core/engine/system.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/secret.hpp"
#include "transports/jwt_mint.hpp"

namespace callstate::tools {
namespace {

struct Options {
  std::string user;
  std::string tenant;
  std::string role = "CRM_USER";
  std::string name;
  std::string expires = "1h";
  std::string audience;
  std::string issuer;
  SecretOptions secret;
};

int run(const Options& options) {
  const auto unusable = [](std::string message) {
    return complain("token", {Exit::unusable, std::move(message)});
  };
  const auto role = call::parse_role(options.role);
  if (!role) {
    return unusable("There is no role " + options.role +
                    ". Take CRM_USER, PORTAL_CUSTOMER, AUDITOR or SERVICE.");
  }
  const auto expires = parse_duration(options.expires);
  if (!expires) return unusable("--expires: " + expires.error() + ".");
  if (!call::UserId::from(options.user) || !call::TenantId::from(options.tenant)) {
    return unusable("--user has at most 255 bytes and --tenant at most 128.");
  }
  const auto secret = find_secret(options.secret);
  if (!secret) return complain("token", secret.error());
  const auto now = engine::SystemClock().now();
  print(transports::mint_token(*secret, {.user = options.user,
                                         .tenant = options.tenant,
                                         .role = *role,
                                         .name = options.name,
                                         .issued = now,
                                         .expires = now + *expires,
                                         .audience = options.audience,
                                         .issuer = options.issuer}) +
        "\n");
  return 0;
}

}  // namespace

void add_token(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* token = app.add_subcommand("token", "Print a token for a user");
  token->description(
      "Print a token for a user.\n"
      "Print a JWT (HS256) that the server takes for the user's. For development, for tests, and "
      "for the tools.");
  token->add_option("--user", options->user, "the user's id, the claim `sub`")
      ->required()
      ->type_name("ID");
  token->add_option("--tenant", options->tenant, "the tenant's id")->required()->type_name("ID");
  token
      ->add_option("--role", options->role,
                   "CRM_USER, PORTAL_CUSTOMER, AUDITOR (reads) or SERVICE (acts for users)")
      ->capture_default_str()
      ->type_name("ROLE");
  token->add_option("--name", options->name, "the name that others are shown")->type_name("TEXT");
  token->add_option("--expires", options->expires, "how long it is good for: 45s, 10m, 4h, 1d")
      ->capture_default_str()
      ->type_name("DURATION");
  token->add_option("--jwt-audience", options->audience, "the claim `aud`")
      ->envname("CALLSTATE_JWT_AUDIENCE");
  token->add_option("--jwt-issuer", options->issuer, "the claim `iss`")
      ->envname("CALLSTATE_JWT_ISSUER");
  add_secret_options(*token, options->secret);
  token->footer(
      "Examples:\n"
      "  callstate token --dev --user alice --tenant acme --name 'Alice Adams'\n"
      "  callstate token --jwt-secret-file secret --user audit --tenant acme --role AUDITOR "
      "--expires 1d\n"
      "  wscat -c \"ws://127.0.0.1:7480/party/demo?token=$(callstate token --dev --user alice "
      "--tenant acme)\"");
  token->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
