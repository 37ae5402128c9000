#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "tools/callstate/report/trouble.hpp"

namespace CLI {
class App;
}

namespace callstate::tools {

/// Where the secret that signs HS256 tokens comes from: the same settings, by
/// flag or environment, as those of `serve`.
struct SecretOptions {
  std::string secret;
  std::string file;
  std::string config;  // a settings file of `serve`, for what the two above leave out
  bool dev = false;
};

/// What the file holds, without the newlines at its end; nothing when it cannot
/// be read. May be empty, which is no secret.
std::optional<std::string> read_secret_file(const std::string& path);

void add_secret_options(CLI::App& app, SecretOptions& options);

/// The secret, or which settings would give one.
std::expected<std::string, Trouble> find_secret(SecretOptions options);

/// A short-lived token of the development secret, for the tools' own requests to
/// a server on this machine that was started with --dev.
std::string development_token(std::string_view user, std::string_view tenant, std::string_view role,
                              std::string_view name = {});

}  // namespace callstate::tools
