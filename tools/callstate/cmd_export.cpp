#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "core/engine/system.hpp"
#include "tools/callstate/carry/exporting.hpp"
#include "tools/callstate/commands.hpp"
#include "tools/callstate/log_source.hpp"
#include "tools/callstate/new_file.hpp"
#include "tools/callstate/output.hpp"
#include "tools/callstate/progress.hpp"
#include "tools/callstate/report/carried_page.hpp"
#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/room_options.hpp"

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
    const auto read = parse_point(name, *text);
    if (!read) return std::unexpected(read.error());
    *at = *read;
  }
  if (wanted.from && wanted.to) {
    const auto in_order = check_order(*wanted.from, *wanted.to);
    if (!in_order) return unusable(in_order.error() + ".");
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

  std::optional<NewFile> file;
  if (!options.output.empty()) {
    auto begun = NewFile::begin(options.output);
    if (!begun) return complain("export", {Exit::unusable, begun.error() + "."});
    file.emplace(*std::move(begun));
  }
  const ProgressReader reader((*log)->reader(), "exporting");
  Exportable from{.log = reader, .header = *std::move(header)};
  if ((*log)->is_part()) {
    from.original = [&](call::Position position) { return (*log)->original(position); };
  }
  const auto done =
      export_log(from, *wanted, *anonymiser ? &**anonymiser : nullptr, [&](std::string_view text) {
        if (file) return file->put(text);
        return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
      });
  if (!done) return complain("export", done.error());
  if (!file) {
    if (std::fflush(stdout) == 0) return 0;
    return complain("export", {Exit::unusable, std::string("The export could not be written: ") +
                                                   std::strerror(errno) + "."});
  }
  if (const auto kept = file->finish(); !kept) {
    return complain("export", {Exit::unusable, kept.error() + "."});
  }
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
  add("--from", options->from,
      "from this position or time on, included: RFC 3339, or before now as -2h", "POSITION|TIME");
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
