#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "storage/seal_key.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/evidence/compose.hpp"
#include "tools/callstate/evidence/evidence.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/new_file.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/public_keys.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "tools/callstate/service_client.hpp"

namespace callstate::tools {
namespace {

struct Options {
  std::string call;
  std::string out;
  std::string tenant;
  std::vector<std::string> public_keys;
  bool json = false;
  LogOptions log;
};

std::expected<std::string, Trouble> from_log(const Options& options, const call::CallId& call) {
  const auto keys = load_public_keys(options.public_keys);
  if (!keys) return std::unexpected(keys.error());
  const auto log = LogSource::open(options.log);
  if (!log) return std::unexpected(log.error());
  const auto tenant = (*log)->tenant(options.tenant);
  if (!tenant) return std::unexpected(tenant.error());
  const EvidenceWanted wanted{.call = call, .tenant = *tenant};
  const auto evidence = compose_evidence(ProgressReader((*log)->reader(), "reading the log"),
                                         (*log)->about().log_id, wanted, *keys);
  if (!evidence) return std::unexpected(evidence.error().trouble());
  return write_evidence(*evidence);
}

/// The server knows its key, and seals what is not sealed yet.
std::expected<std::string, Trouble> from_server(const Options& options, const call::CallId& call) {
  const auto server = ServiceClient::at({.server = options.log.server,
                                         .ca_file = options.log.ca_file,
                                         .token = options.log.token,
                                         .tenant = options.tenant});
  if (!server) return std::unexpected(server.error());
  const auto answer = server->ask("GET", "/v1/calls/" + to_string(call) + "/evidence");
  if (!answer) return std::unexpected(answer.error());
  if (answer->status == 404) {
    const bool of_none = options.log.token.empty() && options.tenant.empty();
    return std::unexpected(Trouble{
        Exit::found, "There is no call " + to_string(call) + " of the token's tenant at " +
                         server->text() + "." +
                         (of_none ? " Without a token say whose it is: --tenant ID." : "")});
  }
  if (answer->status != 200) return std::unexpected(server->unexpected(*answer));
  return answer->body;
}

int run(const Options& options) {
  const auto call = call::parse_call_id(options.call);
  if (!call) {
    return complain("evidence", {Exit::unusable, "CALLID: " + options.call +
                                                     " is no call's id, which is a UUID; "
                                                     "`callstate timeline ROOM` shows it."});
  }
  const auto text =
      options.log.server.empty() ? from_log(options, *call) : from_server(options, *call);
  if (!text) return complain("evidence", text.error());
  const auto evidence = parse_evidence(*text);
  if (!evidence) {
    return complain("evidence",
                    {Exit::unusable, "The server at " + options.log.server +
                                         " gave no evidence: " + evidence.error() + "."});
  }
  if (!options.tenant.empty() && evidence->tenant != options.tenant) {
    return complain("evidence",
                    {Exit::found, "The token reads the calls of tenant " + evidence->tenant +
                                      ", and this one is not of " + options.tenant + "."});
  }
  if (const auto unsealed = evidence->unsealed(); unsealed > 0) {
    (void)complain("evidence",
                   {Exit::ok, "not sealed yet: " + count_of(unsealed, "record") +
                                  ". Nothing vouches for them; a running server seals them."});
  }
  if (options.out.empty()) {
    print(*text);
    return 0;
  }
  auto file = NewFile::begin(options.out);
  if (!file) return complain("evidence", {Exit::unusable, "--out: " + file.error() + "."});
  file->put(*text);
  if (const auto written = file->finish(); !written) {
    return complain("evidence", {Exit::unusable, "--out: " + written.error() + "."});
  }
  print(options.json ? written_json(*evidence, options.out)
                     : render_written(*evidence, options.out));
  return 0;
}

}  // namespace

void add_evidence(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* evidence = app.add_subcommand("evidence", "Write what proves a call");
  evidence->description(
      "Write what proves a call.\n"
      "One JSON file with the records of the call, byte for byte and as they read, the seals over "
      "them, and what ties the ones to the others. `callstate verify FILE` checks it without the "
      "log. A running server seals first what of the call is not sealed yet.\n"
      "Exits with 0 when it is written, 1 when there is no such call or the log is damaged, 2 when "
      "it cannot be done.");
  evidence->add_option("CALLID", options->call, "the call's id")->required();
  evidence->add_option("--out", options->out, "a new file; left out: standard output")
      ->type_name("FILE");
  evidence->add_option("--tenant", options->tenant, "whose the call must be")->type_name("ID");
  evidence
      ->add_option("--public-key", options->public_keys,
                   "key (PEM) that goes along where it has signed; repeatable. A running server "
                   "gives its own")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("FILE");
  evidence->add_flag("--json", options->json, "with --out, say what was written as JSON");
  add_log_options(*evidence, options->log);
  evidence->footer(
      "Examples:\n"
      "  callstate evidence 0190d6a4-7c1e-7a30-9d5c-3b1f0e8a2c77 --out call.json \\\n"
      "    --data-dir /var/lib/callstate --public-key seal.pub\n"
      "  callstate evidence 0190d6a4-7c1e-7a30-9d5c-3b1f0e8a2c77 --out call.json \\\n"
      "    --server http://127.0.0.1:7480 --token JWT\n"
      "  callstate verify call.json --public-key seal.pub");
  evidence->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
