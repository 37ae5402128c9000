#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/callstate/commands.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/report/dead_page.hpp"
#include "tools/callstate/report/table.hpp"
#include "tools/callstate/service_client.hpp"

namespace callstate::tools {
namespace {

struct Options {
  ServiceOptions service;
  std::vector<std::string> ids;
  bool all = false;
  bool json = false;
};

/// The server's side of it.
class Server {
 public:
  static std::expected<Server, Trouble> at(const Options& options) {
    if (options.service.token.empty() && options.service.tenant.empty()) {
      return std::unexpected(Trouble{
          Exit::unusable,
          "Say whose webhooks: with --token a token of the role SERVICE, or with --tenant a "
          "tenant's id where the server runs with --dev."});
    }
    auto client = ServiceClient::at(options.service);
    if (!client) return std::unexpected(client.error());
    return Server(std::move(*client));
  }

  /// A page of those given up, behind an id.
  std::expected<DeadPage, Trouble> dead(const std::string& after) const {
    auto answer = ask("GET", after.empty() ? "" : "?after=" + after);
    if (!answer) return std::unexpected(answer.error());
    auto page = answer->status == 200 ? parse_dead_page(answer->body) : std::nullopt;
    if (!page) return std::unexpected(client_.unreadable());
    return *std::move(page);
  }

  /// False: there is none of this id.
  std::expected<bool, Trouble> retry(const std::string& id) const {
    if (!may_be_id(id)) return false;
    return found(ask("POST", "/" + id + "/retry"));
  }
  std::expected<bool, Trouble> drop(const std::string& id) const {
    if (!may_be_id(id)) return false;
    return found(ask("DELETE", "/" + id));
  }

 private:
  explicit Server(ServiceClient client) : client_(std::move(client)) {}

  /// It is put into a path.
  static bool may_be_id(const std::string& id) {
    constexpr auto characters = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    return !id.empty() && id.find_first_not_of(characters) == id.npos;
  }

  static std::expected<bool, Trouble> found(const std::expected<HttpAnswer, Trouble>& answer) {
    if (!answer) return std::unexpected(answer.error());
    return answer->status == 204;
  }

  /// 200, 204 or, of a single one, 404; all else is trouble.
  std::expected<HttpAnswer, Trouble> ask(std::string_view method, const std::string& below) const {
    auto answer = client_.ask(method, "/v1/webhooks/dead" + below);
    if (!answer) return answer;
    if (answer->status == 404 && (below.empty() || below.front() == '?')) {
      return std::unexpected(
          Trouble{Exit::unusable, "The server at " + client_.text() +
                                      " sends no webhooks: it runs without --webhook-url."});
    }
    if (answer->status != 200 && answer->status != 204 && answer->status != 404)
      return std::unexpected(client_.unexpected(*answer));
    return answer;
  }

  ServiceClient client_;
};

/// Calls `each` with all pages, until one fails.
std::expected<void, Trouble> for_each_page(
    const Server& server,
    const std::function<std::expected<void, Trouble>(const DeadPage&)>& each) {
  std::string after;
  do {
    const auto page = server.dead(after);
    if (!page) return std::unexpected(page.error());
    if (auto done = each(*page); !done) return done;
    after = page->next;
  } while (!after.empty());
  return {};
}

int list(const Options& options) {
  const auto server = Server::at(options);
  if (!server) return complain("webhooks", server.error());
  DeadPage all;
  const auto read =
      for_each_page(*server, [&](const DeadPage& page) -> std::expected<void, Trouble> {
        all.webhooks.insert(all.webhooks.end(), page.webhooks.begin(), page.webhooks.end());
        return {};
      });
  if (!read) return complain("webhooks", read.error());
  print(options.json ? dead_json(all) : render_dead(all, Paint::for_stdout()));
  return 0;
}

using Act = std::expected<bool, Trouble> (Server::*)(const std::string&) const;

/// Does it to those named, or to all.
int act(const Options& options, Act what, std::string_view done) {
  const auto server = Server::at(options);
  if (!server) return complain("webhooks", server.error());
  if (options.ids.empty() != options.all)
    return complain("webhooks", {Exit::unusable, "Name ids, or say --all."});
  std::size_t count = 0;
  Exit exit = Exit::ok;
  const auto each = [&](const std::string& id) -> std::expected<void, Trouble> {
    const auto found = ((*server).*what)(id);
    if (!found) return std::unexpected(found.error());
    if (*found) {
      ++count;
    } else if (!options.all) {
      exit = static_cast<Exit>(
          complain("webhooks", {Exit::found, "No webhook of the id " + id + " was given up."}));
    }
    return {};
  };
  const auto each_of = [&](const std::vector<std::string>& ids) -> std::expected<void, Trouble> {
    for (const auto& id : ids)
      if (auto did = each(id); !did) return did;
    return {};
  };
  const auto did =
      options.all
          ? for_each_page(*server, [&](const DeadPage& page) { return each_of(ids_of(page)); })
          : each_of(options.ids);
  if (!did) return complain("webhooks", did.error());
  print(std::to_string(count) + (count == 1 ? " webhook " : " webhooks ") + std::string(done) +
        "\n");
  return static_cast<int>(exit);
}

void add_server_options(CLI::App& app, Options& options) {
  add_service_options(app, options.service);
  app.add_option("--tenant", options.service.tenant,
                 "whose webhooks, when it runs with --dev; else the token says so")
      ->type_name("ID")
      ->group("Which server");
}

CLI::App* add_act(CLI::App& webhooks, Options& options, const char* name, const char* what) {
  CLI::App* act = webhooks.add_subcommand(name, what);
  act->add_option("ID", options.ids, "as `callstate webhooks dead` shows them");
  act->add_flag("--all", options.all, "all that were given up");
  add_server_options(*act, options);
  return act;
}

}  // namespace

void add_webhooks(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* webhooks = app.add_subcommand("webhooks", "Look after webhooks that were given up");
  webhooks->description(
      "Look after a tenant's webhooks that were given up.\n"
      "A webhook that its receiver has not taken for a day (--webhook-give-up of the server) is "
      "sent no more. It is kept, until it is sent again or forgotten on purpose.\n"
      "Exits with 0 when it is done, 1 when there is none of an id, 2 when it cannot be done.");
  webhooks->require_subcommand(1);
  webhooks->footer(
      "Examples:\n"
      "  callstate webhooks dead --tenant acme\n"
      "  callstate webhooks dead --tenant acme --json | jq -r '.webhooks[].id'\n"
      "  callstate webhooks retry --all --server http://127.0.0.1:7480 --token JWT\n"
      "  callstate webhooks drop --tenant acme evt_8f41c7e09a52_0000000000004711_1");

  CLI::App* dead = webhooks->add_subcommand("dead", "List them, the oldest first");
  dead->add_flag("--json", options->json, "one JSON object, with what was to be sent");
  add_server_options(*dead, *options);
  dead->callback([options, &exit_code] { exit_code = list(*options); });

  add_act(*webhooks, *options, "retry", "Send them again, as new ones")
      ->callback(
          [options, &exit_code] { exit_code = act(*options, &Server::retry, "to be sent again"); });
  add_act(*webhooks, *options, "drop", "Forget them")->callback([options, &exit_code] {
    exit_code = act(*options, &Server::drop, "forgotten");
  });
}

}  // namespace callstate::tools
