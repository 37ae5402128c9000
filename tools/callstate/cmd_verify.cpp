#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "storage/sha256.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/evidence/check.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/public_keys.hpp"
#include "tools/callstate/report/verification_page.hpp"

namespace callstate::tools {
namespace {

struct Options {
  std::string file;
  bool json = false;
  bool blocks = false;
  std::vector<std::string> public_keys;
  LogOptions log;
};

using Keys = std::vector<storage::PublicKey>;

SealCheck seal_check(LogSource& log, const Keys& keys) {
  SealCheck check{.hash = storage::sha256, .log_id = log.about().log_id};
  if (keys.empty()) return check;
  check.signatures = [&keys](const call::Sealed& sealed, std::string_view statement) {
    using enum seal::Checker::Verdict;
    const auto key = std::ranges::find(keys, sealed.key, &storage::PublicKey::id);
    if (key == keys.end()) return unknown_key;
    return key->verifies(statement, sealed.signature) ? good : bad;
  };
  return check;
}

Verification verify(LogSource& log, bool blocks, const Keys& keys) {
  Verification found;
  {
    const ProgressReader reader(log.reader(), "verifying");
    found = verify_log(reader, &log.snapshots(), seal_check(log, keys));
  }
  if (!blocks) return found;
  if (const auto sound = log.verify_checksums(); !sound) {
    found.problems.push_back({0, {}, sound.error().message});
  }
  return found;
}

/// At most one byte more than may be read.
std::expected<std::string, Trouble> read_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return std::unexpected(Trouble{Exit::unusable, "FILE: " + path +
                                                       " is a directory. A log is checked with "
                                                       "`callstate verify --data-dir " +
                                                       path + "`."});
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(Trouble{Exit::unusable, "FILE: cannot read " + path + "."});
  // It may be a pipe, which has no size.
  constexpr std::size_t piece = 1024UL * 1024;
  std::string text;
  while (file && text.size() <= evidence_bytes_max) {
    const std::size_t before = text.size();
    text.resize(std::min(before + piece, evidence_bytes_max + 1));
    file.read(text.data() + before, static_cast<std::streamsize>(text.size() - before));
    text.resize(before + static_cast<std::size_t>(file.gcount()));
  }
  return text;
}

/// An evidence file, without any log.
int run_on_file(const Options& options, const Keys& keys) {
  const auto text = read_file(options.file);
  if (!text) return complain("verify", text.error());
  if (text->starts_with(R"({"callstate":"log")")) {
    return complain("verify",
                    {Exit::unusable, options.file + " is an export. `callstate import` checks it, "
                                                    "and makes a log of it."});
  }
  const auto found = check_evidence(*text, keys);
  if (!found)
    return complain("verify", {Exit::unusable, options.file + ": " + found.error() + "."});
  print(options.json ? checked_json(*found) : render_checked(*found));
  return static_cast<int>(found->good() ? Exit::ok : Exit::found);
}

int run(const Options& options) {
  const auto began = std::chrono::steady_clock::now();
  const auto keys = load_public_keys(options.public_keys);
  if (!keys) return complain("verify", keys.error());
  if (!options.file.empty()) return run_on_file(options, *keys);
  const auto log = LogSource::open(options.log);
  Verification found;
  if (log && (*log)->is_part()) {
    return complain("verify", {Exit::unusable,
                               "This is a part of a log, which `import` checked when it made it: "
                               "its streams may begin in the middle. Verify the whole log."});
  }
  if (log) {
    found = verify(**log, options.blocks, *keys);
  } else if (log.error().exit == Exit::found) {
    // So damaged that nothing can be read is a finding too.
    found.problems.push_back({0, {}, log.error().message});
  } else {
    return complain("verify", log.error());
  }
  const auto took = std::chrono::steady_clock::now() - began;
  print(options.json ? verification_json(found, took)
                     : render_verification(found, took, Paint::for_stdout()));
  return static_cast<int>(found.good() ? Exit::ok : Exit::found);
}

}  // namespace

void add_verify(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verify =
      app.add_subcommand("verify", "Check that a log, or evidence of a call, is unaltered");
  verify->description(
      "Check that a log, or evidence of a call, is unaltered.\n"
      "Read the whole log and check that no position is missing, that every record is well formed "
      "and follows its stream's previous one by hash and by number, and that every snapshot equals "
      "what the log folds to; and of every seal that it follows the one before it, that the "
      "records "
      "are those that were sealed, and its signature.\n"
      "Exits with 0 when all is well, 1 when something is wrong, 2 when it could not be checked.");
  verify->add_option("FILE", options->file,
                     "an evidence file (`callstate evidence`), which is checked without a log");
  verify->add_flag("--json", options->json, "one JSON object");
  verify->add_flag("--blocks", options->blocks,
                   "also the checksum of every block of every file, of derived data too");
  verify
      ->add_option("--public-key", options->public_keys,
                   "a key (PEM) that signs seals; repeatable. Without one signatures are not "
                   "checked")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("FILE");
  add_log_options(*verify, options->log);
  verify->footer(
      "Examples:\n"
      "  callstate verify call.json --public-key seal.pub\n"
      "  callstate verify --data-dir /var/lib/callstate\n"
      "  callstate verify --data-dir /var/lib/callstate --public-key seal.pub\n"
      "  callstate verify --server http://127.0.0.1:7480 --token JWT\n"
      "  callstate verify --data-dir /backup/callstate --blocks --json | jq .problems");
  verify->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
