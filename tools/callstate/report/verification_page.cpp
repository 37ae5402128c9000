#include "tools/callstate/report/verification_page.hpp"

#include <algorithm>

#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

std::string range(const Verification& found) {
  return grouped(found.first) + " to " + grouped(found.head);
}

/// Of a log that begins later.
std::string beginning(const Verification& found) {
  if (found.first == 1) return {};
  return "The log begins with position " + grouped(found.first) +
         ": what came before was dropped on purpose, but for " + count_of(found.kept, "record") +
         " that were kept.\n";
}

std::string summary(const Verification& found, std::chrono::duration<double> took) {
  std::string text = count_of(found.records, "record") + " in " +
                     count_of(found.streams, "stream") + ", " +
                     count_of(found.snapshots, "snapshot") + " compared";
  if (found.mark != 0) text += ", checkpoint at position " + grouped(found.mark);
  text += ", in " + describe_duration(std::chrono::duration_cast<std::chrono::microseconds>(took));
  return text;
}

/// What the seals prove, and what they do not.
std::string sealed(const Verification& found) {
  const auto& seals = found.seals;
  if (seals.seals == 0) return found.head == 0 ? "" : "Nothing in it is sealed.\n";
  std::string text = "Sealed up to position " + grouped(seals.sealed_up_to) + " by " +
                     count_of(seals.seals, "seal");
  if (const auto rest = found.head - std::min(found.head, seals.sealed_up_to); rest > 0) {
    text += ", not sealed yet: " + count_of(rest, "record");
  }
  text += ".";
  if (found.unconfirmed_seals > 0) {
    text += ' ' + count_of(found.unconfirmed_seals, "seal") +
            " could not be checked: they cover what could not be read.";
  }
  if (seals.unchecked > 0) {
    text += " Their signatures were not checked: give --public-key FILE.";
  } else if (found.signatures_checked) {
    text += ' ' + count_of(seals.good_signatures, "signature") + " checked.";
  }
  if (seals.outlived > 0) {
    text += ' ' + count_of(seals.outlived, "seal") +
            " of records that were dropped: that they follow one another was checked.";
  }
  if (seals.unsigned_seals > 0) {
    text += ' ' + count_of(seals.unsigned_seals, "seal") +
            " without a signature: whoever can write the log can make such anew.";
  }
  return text + "\n";
}

/// What is known of it, each in a field of its own.
void put(transports::JsonWriter& to, const Place& place) {
  const auto& [kind, tenant, name] = place.stream;
  if (kind == call::StreamKind::server) {
    to.text("stream", "server");
  } else {
    to.text("tenant", tenant.view());
    to.text(kind == call::StreamKind::room ? "room" : "user", name.view());
  }
  if (!place.call.empty()) to.text("callId", to_string(place.call));
}

}  // namespace

std::string render_verification(const Verification& found, std::chrono::duration<double> took,
                                const Paint& paint) {
  if (found.good()) {
    const std::string head =
        found.head == 0 ? "The log is empty" : "Positions " + range(found) + " are sound";
    return paint(Tone::good, head) + ": " + summary(found, took) + ".\n" + beginning(found) +
           sealed(found);
  }
  std::string text = paint(Tone::bad, (found.cut_short ? "More than " : "") +
                                          count_of(found.problems.size(), "problem"));
  // Nothing was read of a log that could not even be opened.
  text += found.head == 0 ? ", and nothing can be read:\n\n"
                          : " in positions " + range(found) + ": " + summary(found, took) + ".\n\n";
  text += beginning(found);
  Table table({{"POSITION", Table::Align::right}, {"WHERE"}, {"WHAT"}});
  for (const auto& problem : found.problems) {
    std::string at = problem.position == 0 ? std::string() : std::to_string(problem.position);
    if (problem.last != 0) at += " to " + std::to_string(problem.last);
    std::string where = problem.where.empty() ? "the log" : problem.where;
    if (problem.place && !problem.place->call.empty()) {
      where += ", call " + to_string(problem.place->call);
    }
    table.add({{std::move(at), Tone::bold}, {std::move(where)}, {problem.what}});
  }
  return text + table.render(paint, 2) + "\n" + sealed(found);
}

std::string verification_json(const Verification& found, std::chrono::duration<double> took) {
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.boolean("ok", found.good());
  to.number("head", found.head);
  to.number("first", found.first);
  to.number("kept", found.kept);
  to.number("records", found.records);
  to.number("streams", found.streams);
  to.number("snapshots", found.snapshots);
  to.number("checkpoint", found.mark);
  to.begin_object("seals");
  to.number("count", found.seals.seals);
  to.number("sealedUpTo", found.seals.sealed_up_to);
  to.number("signaturesChecked", found.seals.good_signatures);
  to.number("signaturesNotChecked", found.seals.unchecked);
  to.number("unsigned", found.seals.unsigned_seals);
  to.number("notConfirmed", found.unconfirmed_seals);
  to.number("outlived", found.seals.outlived);
  to.end_object();
  to.number("milliseconds", static_cast<std::uint64_t>(took.count() * 1'000));
  to.begin_array("problems");
  for (const auto& problem : found.problems) {
    to.begin_object();
    to.number("pos", problem.position);
    if (problem.last != 0) to.number("lastPos", problem.last);
    if (!problem.where.empty()) to.text("where", problem.where);
    if (problem.place) put(to, *problem.place);
    to.text("what", problem.what);
    if (!problem.concerns.empty()) {
      to.begin_array("concerns");
      for (const auto& place : problem.concerns) {
        to.begin_object();
        if (place.position != 0) to.number("pos", place.position);
        put(to, place);
        to.end_object();
      }
      to.end_array();
    }
    to.end_object();
  }
  to.end_array();
  if (found.cut_short) to.boolean("more", true);
  to.end_object();
  return text + '\n';
}

}  // namespace callstate::tools
