#include "tools/callstate/secret.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iterator>

#include "core/engine/system.hpp"
#include "tools/callstate/dev_secret.hpp"
#include "transports/jwt_mint.hpp"

namespace callstate::tools {
namespace {

std::unexpected<Trouble> unusable(std::string message) {
  return std::unexpected(Trouble{Exit::unusable, std::move(message)});
}

/// What flags and environment leave out, from the settings file.
std::optional<Trouble> read_settings(SecretOptions& options) {
  if (options.config.empty() || !options.secret.empty() || !options.file.empty()) return {};
  try {
    for (const auto& item : CLI::ConfigTOML().from_file(options.config)) {
      if (item.inputs.size() != 1) continue;
      if (item.fullname() == "jwt-secret") options.secret = item.inputs.front();
      if (item.fullname() == "jwt-secret-file") options.file = item.inputs.front();
    }
  } catch (const CLI::Error& error) {
    return Trouble{Exit::unusable, std::string("--config: ") + error.what()};
  }
  return {};
}

}  // namespace

void add_secret_options(CLI::App& app, SecretOptions& options) {
  constexpr auto group = "Secret, the same as the server's";
  app.add_option("--jwt-secret", options.secret,
                 "shared secret; better given by file or environment")
      ->envname("CALLSTATE_JWT_SECRET")
      ->group(group);
  app.add_option("--jwt-secret-file", options.file,
                 "file with that secret; a newline at its end is dropped")
      ->envname("CALLSTATE_JWT_SECRET_FILE")
      ->group(group);
  app.add_option("--config", options.config, "settings file of the server, which may name either")
      ->envname("CALLSTATE_CONFIG")
      ->group(group);
  app.add_flag("--dev", options.dev, "the development secret, which `serve --dev` takes")
      ->envname("CALLSTATE_DEV")
      ->group(group);
}

std::optional<std::string> read_secret_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string secret(std::istreambuf_iterator<char>(file), {});
  if (!file) return std::nullopt;
  while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
  return secret;
}

std::expected<std::string, Trouble> find_secret(SecretOptions options) {
  if (auto trouble = read_settings(options)) return std::unexpected(*trouble);
  if (!options.secret.empty() && !options.file.empty()) {
    return unusable("Give either --jwt-secret or --jwt-secret-file, not both.");
  }
  if (!options.secret.empty()) return options.secret;
  if (!options.file.empty()) {
    auto secret = read_secret_file(options.file);
    if (!secret) return unusable("Cannot read the secret from " + options.file + ".");
    if (secret->empty())
      return unusable("There is no secret in " + options.file + ": it is empty.");
    return *std::move(secret);
  }
  if (options.dev) return std::string(development_secret);
  return unusable(
      "There is no secret to sign with. Give the server's with --jwt-secret-file FILE or "
      "CALLSTATE_JWT_SECRET; for a server that was started with --dev, say --dev.");
}

std::string development_token(std::string_view user, std::string_view tenant, std::string_view role,
                              std::string_view name) {
  const auto now = engine::SystemClock().now();
  return transports::mint_token(development_secret,
                                {.user = user,
                                 .tenant = tenant,
                                 .role = call::parse_role(role).value_or(call::Role::crm_user),
                                 .name = name,
                                 .issued = now,
                                 .expires = now + std::chrono::minutes(10)});
}

}  // namespace callstate::tools
