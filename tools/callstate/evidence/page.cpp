#include "tools/callstate/evidence/check.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

constexpr std::size_t shown_bytes_max = 1024;

/// Words of a file that anybody may have written.
std::string shown(std::string_view text) {
  return transports::printable(text, shown_bytes_max);
}

/// What has been shown, and what has not.
std::string proven(const CheckedEvidence& found) {
  std::string text;
  const auto say = [&](const std::string& sentence) { text += "  " + sentence + "\n"; };
  if (found.unsealed > 0) {
    say("Not sealed yet: " + count_of(found.unsealed, "record") +
        ". Nothing vouches for them; ask for the evidence again later.");
  }
  if (found.signatures > 0) {
    say(count_of(found.signatures, "signature") + " by a key that was given.");
  }
  if (found.unvouched > 0) {
    say(count_of(found.unvouched, "signature") +
        " by a key that the file itself brings along: give --public-key FILE, the key as you have "
        "it from the operator.");
  }
  const auto unknown = found.seals - found.signatures - found.unvouched - found.unsigned_seals;
  if (unknown > 0) {
    say(count_of(unknown, "signature") + " not checked: give --public-key FILE.");
  }
  if (found.unsigned_seals > 0) {
    say(count_of(found.unsigned_seals, "seal") +
        " without a signature: whoever can write the log could have made them.");
  }
  if (!found.ended) say("The call's end is not among the records: there may be more of it.");
  return text;
}

/// Of a file in which nothing is wrong.
std::string right(const CheckedEvidence& found) {
  if (found.unsealed == 0) return "all as they were sealed";
  return "the first " + grouped(found.records - found.unsealed) +
         " as they were sealed, the last " + grouped(found.unsealed) + " not sealed";
}

}  // namespace

std::string render_written(const Evidence& evidence, const std::string& where) {
  const auto unsealed = evidence.unsealed();
  return "Evidence of call " + to_string(evidence.call) + " in room " + shown(evidence.room) +
         " of tenant " + shown(evidence.tenant) + " written to " + shown(where) + ": " +
         count_of(evidence.records.size(), "record") +
         (unsealed > 0 ? ", " + grouped(unsealed) + " of them not sealed" : "") + ", " +
         count_of(evidence.seals.size(), "seal") + ".\n";
}

std::string written_json(const Evidence& evidence, const std::string& where) {
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.text("file", where);
  to.text("call", to_string(evidence.call));
  to.text("room", evidence.room);
  to.text("tenant", evidence.tenant);
  to.number("records", evidence.records.size());
  to.number("unsealed", evidence.unsealed());
  to.number("seals", evidence.seals.size());
  to.end_object();
  return text + "\n";
}

std::string render_checked(const CheckedEvidence& found) {
  const std::string of =
      "Call " + found.call + " in room " + found.room + " of tenant " + found.tenant + ": ";
  const std::string counts =
      count_of(found.records, "record") + ", " + count_of(found.seals, "seal");
  if (found.good()) return of + counts + ", " + right(found) + ".\n" + proven(found);
  std::string text = of + counts + ", and " + count_of(found.problems.size(), "problem") + ":\n";
  for (const auto& problem : found.problems) {
    text += "  " + shown(problem.where) + ": " + shown(problem.what) + ".\n";
  }
  return text;
}

std::string checked_json(const CheckedEvidence& found) {
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.boolean("ok", found.good());
  to.text("call", found.call);
  to.text("room", found.room);
  to.text("tenant", found.tenant);
  to.number("records", found.records);
  to.number("unsealed", found.unsealed);
  to.number("seals", found.seals);
  to.number("signaturesOfGivenKeys", found.signatures);
  to.number("signaturesOfKeysInFile", found.unvouched);
  to.number("unsigned", found.unsigned_seals);
  to.boolean("ended", found.ended);
  to.begin_array("problems");
  for (const auto& problem : found.problems) {
    to.begin_object();
    to.text("where", problem.where);
    to.text("what", problem.what);
    to.end_object();
  }
  to.end_array();
  to.end_object();
  return text + "\n";
}

}  // namespace callstate::tools
