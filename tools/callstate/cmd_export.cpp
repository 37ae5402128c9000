#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "core/engine/system.hpp"
#include "tools/callstate/carry/exporting.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/report/carried_page.hpp"
#include "tools/callstate/report/durations.hpp"

namespace callstate::tools {
namespace {

struct Options {
  std::string call;
  std::string room;
  std::string tenant;
  std::string from;
  std::string to;
  std::string output;
  bool anonymise = false;
  std::string key;
  std::string shift;
  bool json = false;
  LogOptions log;
};

std::unexpected<Trouble> unusable(std::string message) {
  return std::unexpected(Trouble{Exit::unusable, std::move(message)});
}

std::expected<Selection, Trouble> selection_of(const Options& options) {
  Selection wanted{.room = options.room};
  if (!options.call.empty()) {
    wanted.call = call::parse_call_id(options.call);
    if (!wanted.call) return unusable("--call: " + options.call + " is no call's id.");
  }
  for (const auto& [name, text, at] : {std::tuple("--from", &options.from, &wanted.from),
                                       std::tuple("--to", &options.to, &wanted.to)}) {
    if (text->empty()) continue;
    const auto read = parse_at(*text);
    if (!read) return unusable(std::string(name) + ": " + read.error() + ".");
    *at = *read;
  }
  return wanted;
}

std::expected<std::optional<Anonymiser>, Trouble> anonymiser_of(const Options& options) {
  if (!options.anonymise && options.key.empty() && options.shift.empty()) return std::nullopt;
  if (!options.anonymise) return unusable("--anonymise-key and --shift go with --anonymise.");
  call::Duration shift{};
  if (!options.shift.empty()) {
    const bool back = options.shift.front() == '-';
    const auto read = parse_duration(std::string_view(options.shift).substr(back ? 1 : 0));
    if (!read) return unusable("--shift: " + read.error() + ".");
    shift = back ? -*read : *read;
  }
  std::string key = options.key;
  engine::SystemIds ids;
  for (int i = 0; options.key.empty() && i < 4; ++i) key += std::to_string(ids.random()) + " ";
  return Anonymiser(key, shift);
}

/// What an export of all of the log would begin with.
std::expected<Header, Trouble> header_of(LogSource& log) {
  const LogAbout about = log.about();
  if (log.carried().empty()) return Header{.log_id = about.log_id, .head = log.reader().head()};
  auto header = read_header(log.carried());
  if (!header) return unusable("What this log says of where it came from cannot be read.");
  if (header->whole()) header->head = log.reader().head();
  return *std::move(header);
}

/// The file, which is there when the export is whole and not before.
class Output {
 public:
  explicit Output(std::string path) : path_(std::move(path)) {}
  ~Output() {
    if (file_ == nullptr || path_.empty()) return;
    std::fclose(file_);
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// False with errno. What is there already is left alone.
  bool open() {
    file_ = path_.empty() ? stdout : std::fopen(path_.c_str(), "wxe");
    return file_ != nullptr;
  }
  bool put(std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), file_) == text.size();
  }
  bool keep() {
    if (std::fflush(file_) != 0) return false;
    if (!path_.empty()) std::fclose(std::exchange(file_, nullptr));
    return true;
  }

 private:
  std::string path_;  // empty: standard output
  std::FILE* file_ = nullptr;
};

int run(const Options& options) {
  auto wanted = selection_of(options);
  if (!wanted) return complain("export", wanted.error());
  auto anonymiser = anonymiser_of(options);
  if (!anonymiser) return complain("export", anonymiser.error());
  const auto log = LogSource::open(options.log);
  if (!log) return complain("export", log.error());
  const auto tenant = (*log)->tenant(options.tenant);
  if (!tenant) return complain("export", tenant.error());
  if (*tenant) wanted->tenant = std::string((*tenant)->view());
  auto header = header_of(**log);
  if (!header) return complain("export", header.error());

  Output output(options.output);
  if (!output.open()) {
    return complain("export", {Exit::unusable,
                               options.output + " cannot be made: " + std::strerror(errno) + "."});
  }
  const ProgressReader reader((*log)->reader(), "exporting");
  Exportable from{.log = reader, .header = *std::move(header)};
  if ((*log)->is_part()) {
    from.original = [&](call::Position position) { return (*log)->original(position); };
  }
  const auto done = export_log(from, *wanted, *anonymiser ? &**anonymiser : nullptr,
                               [&](std::string_view text) { return output.put(text); });
  if (!done) return complain("export", done.error());
  if (!output.keep()) {
    return complain("export", {Exit::unusable, std::string("The export could not be written: ") +
                                                   std::strerror(errno) + "."});
  }
  if (options.output.empty()) return 0;
  const CarriedPage page{.what = "exported",
                         .where = options.output,
                         .log_id = done->header.log_id,
                         .records = done->records,
                         .head = done->header.head,
                         .part = !done->header.whole(),
                         .anonymised = done->header.anonymised,
                         .bytes = done->bytes};
  print(options.json ? carried_json(page) : render_carried(page));
  return 0;
}

}  // namespace

void add_export(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("export", "Write a log, or a part of it, as lines of JSON");
  command->description(
      "Write a log, or a part of it, as lines of JSON.\n"
      "Loses nothing: `callstate import` makes the same log of it again. What is asked for may be "
      "narrowed; all that is given must apply. With --anonymise names, ids and texts are replaced, "
      "the same by the same, and the rest stays.\n"
      "Exits with 0 when it is written, 1 when nothing was found or the log is damaged, 2 when it "
      "cannot be done.");
  const auto add = [&](const char* name, std::string& to, const char* text, const char* type) {
    command->add_option(name, to, text)->type_name(type);
  };
  add("--call", options->call, "one call: from its CALL_STARTED to the room's next", "ID");
  add("--room", options->room, "one room", "NAME");
  add("--tenant", options->tenant, "one tenant", "ID");
  add("--from", options->from, "from this position or RFC 3339 time on, included", "POSITION|TIME");
  add("--to", options->to, "up to this position or time, included", "POSITION|TIME");
  add("--output", options->output, "a new file; default: standard output", "FILE");
  command->add_flag("--anonymise", options->anonymise,
                    "replace names, ids, tenants, rooms and texts");
  add("--anonymise-key", options->key,
      "the same key gives the same replacements; default: a random one, kept nowhere", "TEXT");
  add("--shift", options->shift, "with --anonymise, move all times, such as -30d", "DURATION");
  command->add_flag("--json", options->json, "with --output, say what was written as JSON");
  add_log_options(*command, options->log);
  command->footer(
      "Examples:\n"
      "  callstate export --output log.jsonl\n"
      "  callstate export --call 01a20645-c716-7aa4-aa13-80a9c64e768a | jq -c .event\n"
      "  callstate export --tenant acme --from 2026-11-23T00:00:00Z --output acme.jsonl\n"
      "  callstate export --room acme-call-42 --anonymise --shift -30d --output problem.jsonl\n"
      "  callstate export --server http://127.0.0.1:7480 --token JWT --output log.jsonl");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace callstate::tools
