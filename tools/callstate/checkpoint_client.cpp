#include "tools/callstate/checkpoint_client.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <utility>

#include "tools/callstate/secret.hpp"

namespace callstate::tools {
namespace {

constexpr std::chrono::seconds answer_timeout{60};  // a checkpoint of a large log takes a while

std::unexpected<Trouble> unusable(std::string message) {
  return std::unexpected(Trouble{Exit::unusable, std::move(message)});
}

std::string field(const boost::json::value& json, std::string_view name) {
  const auto* object = json.if_object();
  const auto* member = object == nullptr ? nullptr : object->if_contains(name);
  const auto* text = member == nullptr ? nullptr : member->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

std::string refused(int status, const std::string& server, bool own_token) {
  const std::string how =
      " Give one with --token: `callstate token --role AUDITOR --user ID --tenant ID` with the "
      "server's secret prints one.";
  if (own_token)
    return "The server at " + server + " does not run with --dev, so it needs a token." + how;
  if (status == 403) {
    return "The server at " + server +
           " takes this token, but only AUDITOR or SERVICE may read the "
           "log." +
           how;
  }
  return "The server at " + server +
         " refused the token: it has expired, or is signed with "
         "another secret." +
         how;
}

}  // namespace

std::expected<std::unique_ptr<Checkpoint>, Trouble> Checkpoint::make(const std::string& server,
                                                                     const std::string& ca_file,
                                                                     const std::string& token) {
  auto url = parse_server_url(server, ca_file);
  if (!url) return unusable("--server: " + url.error());
  const bool own_token = token.empty();
  std::string used = own_token ? development_token("callstate-tools", "tools", "SERVICE") : token;
  const auto answer = http_request(*url, "POST", "/v1/checkpoints", used, answer_timeout);
  if (!answer) return unusable(answer.error());
  if (answer->status == 401 || answer->status == 403) {
    return unusable(refused(answer->status, server, own_token));
  }
  boost::system::error_code error;
  const auto json = boost::json::parse(answer->body, error);
  if (answer->status == 404) {
    return unusable("The server at " + server +
                    " makes no checkpoints: it is no callstate server, or an older one.");
  }
  if (answer->status != 201) {
    const auto detail = field(json, "detail");
    return unusable("The server at " + server + " made no checkpoint (HTTP " +
                    std::to_string(answer->status) + ")" + (detail.empty() ? "" : ": " + detail) +
                    ".");
  }
  std::string path = field(json, "path");
  std::string name = field(json, "name");
  if (error || path.empty()) {
    return unusable("The answer of " + server + " is not that of a callstate server.");
  }
  if (name.empty()) name = std::filesystem::path(path).filename().string();
  // From here on it is removed, whatever follows.
  std::unique_ptr<Checkpoint> made(new Checkpoint(std::move(*url), std::move(used), std::move(name),
                                                  std::move(path), field(json, "tenantId")));
  std::error_code missing;
  if (!std::filesystem::is_directory(made->path(), missing)) {
    return unusable("The server made a checkpoint in " + made->path() +
                    ", which cannot be reached from here. Run this on the server's machine, as a "
                    "user who may read its data directory.");
  }
  return made;
}

Checkpoint::~Checkpoint() {
  // What is left behind, the server removes when it starts or needs the place.
  (void)http_request(url_, "DELETE", "/v1/checkpoints/" + name_, token_, answer_timeout);
}

}  // namespace callstate::tools
