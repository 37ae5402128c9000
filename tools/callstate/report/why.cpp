#include "tools/callstate/report/why.hpp"

#include <algorithm>

#include "tools/callstate/report/json_out.hpp"
#include "tools/callstate/report/state_fields.hpp"
#include "tools/callstate/report/times.hpp"
#include "tools/callstate/report/wording.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

const call::Room& room_of(const History& history) {
  return history.chapters.back().room;
}

std::string verdict_of(const call::Record& record) {
  std::string text(name_of(record.outcome));
  if (record.outcome == call::Outcome::refused) text += concat(" ", name_of(record.refusal));
  return text;
}

Tone tone_of(call::Outcome outcome) {
  switch (outcome) {
    case call::Outcome::applied:
      return Tone::good;
    case call::Outcome::ignored:
      return Tone::warning;
    case call::Outcome::refused:
      return Tone::bad;
  }
  return Tone::plain;
}

std::string message_part(const Explanation& why, const Paint& paint) {
  const call::Record& record = why.entry.record;
  Table table({{""}, {""}});
  const auto add = [&](std::string_view what, std::string value) {
    if (!value.empty()) table.add({{std::string(what), Tone::dim}, {std::move(value)}});
  };
  const bool of_server = record.actor.role == call::Role::system;
  add(of_server ? "event" : "message", std::string(type_of(record.payload)));
  add("details", details_of(why.entry, room_of(why.after)));
  add("from", of_server ? std::string("the server itself")
                        : concat(record.actor.user.view(), ", ", standing_of(record.actor)));
  add("id", std::string(record.message_id.view()));
  add("at", write_time(record.at) + " UTC");
  add("call", record.call.empty() ? std::string() : call::to_string(record.call));
  add("seq", std::to_string(record.seq));
  add("hash", short_hash(why.entry.hash) + "…");
  add("record", record_json(record, why.entry.hash));
  return concat(paint(Tone::bold, of_server ? "What the server concluded" : "What was received"),
                "\n", table.render(paint, 2));
}

std::string verdict_part(const Explanation& why, const Paint& paint) {
  const Reconsidered& judged = why.judged;
  Table table({{""}, {""}});
  const auto add = [&](std::string_view what, std::string value, Tone tone = Tone::plain) {
    if (!value.empty()) table.add({{std::string(what), Tone::dim}, {std::move(value), tone}});
  };
  add("verdict", verdict_of(why.entry.record), tone_of(why.entry.record.outcome));
  add("sentence", judged.sentence);
  if (judged.rule != nullptr) {
    add("rule", concat("docs/domain.md, ", judged.rule->section,
                       judged.rule->subject.empty() ? "" : ": ", judged.rule->subject));
    add("", std::string(judged.rule->says));
  }
  add("granted", judged.granted.empty()
                     ? std::string()
                     : concat("the log does not hold ", judged.granted, ": taken as recorded"));
  if (judged.known) {
    add("today", judged.differs.empty() ? "this build decides the same" : judged.differs,
        judged.differs.empty() ? Tone::dim : Tone::bad);
  }
  return concat(paint(Tone::bold, "Why"), "\n", table.render(paint, 2));
}

/// What tells where the call stands, whether it has changed or not.
bool tells_standing(std::string_view field) {
  return field == "callState" || field == "status" || field.ends_with(".state");
}

std::string states_part(const Explanation& why, const Paint& paint) {
  const Fields before = fields_of(room_of(why.before));
  const Fields after = fields_of(room_of(why.after));
  Table table({{"FIELD"}, {"BEFORE"}, {"AFTER"}});
  for (const auto& [field, value] : after) {
    if (!tells_standing(field) || value.empty() || !why.judged.known) continue;
    const auto was = std::ranges::find(before, field, &Fields::value_type::first);
    if (was == before.end() || was->second != value) continue;
    table.add({{field, Tone::dim}, {value, Tone::dim}, {"=", Tone::dim}});
  }
  for (const auto& [field, was, is] : changes_between(before, after)) {
    table.add({{field, Tone::bold},
               {why.judged.known ? shown_value(field, was) : "?", Tone::warning},
               {shown_value(field, is), Tone::good}});
  }
  return concat(paint(Tone::bold, "The room before and after"), "\n", table.render(paint, 2));
}

std::string delivery_part(const Explanation& why, const Paint& paint) {
  std::string text = paint(Tone::bold, "To whom it went") + "\n";
  if (why.recipients.empty()) return text + "  nobody\n";
  Table table({{"USER"}, {"HEARS"}, {""}});
  for (const auto& recipient : why.recipients) {
    table.add({{std::string(recipient.user.view()), Tone::bold},
               {recipient.hears},
               {recipient.note, Tone::dim}});
  }
  text += table.render(paint, 2);
  if (why.entry.record.outcome == call::Outcome::applied) {
    text += paint(Tone::dim, "  and whoever had joined the room, which the log does not hold");
    text += '\n';
  }
  return text;
}

}  // namespace

std::optional<Explanation> explain(const History& history, call::Position position) {
  const Entry* entry = find_entry(history, position);
  if (entry == nullptr) return std::nullopt;
  History before = as_of(history, position - 1);
  Reconsidered judged = reconsider(history, *entry, room_of(before));
  return Explanation{.before = std::move(before),
                     .after = as_of(history, position),
                     .entry = *entry,
                     .judged = std::move(judged),
                     .recipients = audience_of(history, position)};
}

std::string render_explanation(const Explanation& why, const Paint& paint) {
  return concat(
      paint(Tone::bold, concat("Position ", why.entry.record.position)),
      printable(concat(" of room ", why.after.room, " of tenant ", why.after.tenant.view())),
      "\n\n", message_part(why, paint), "\n", verdict_part(why, paint), "\n",
      states_part(why, paint), "\n", delivery_part(why, paint));
}

std::string explanation_json(const Explanation& why) {
  std::string text;
  transports::JsonWriter json(text);
  json.begin_object();
  json.raw("record", record_json(why.entry.record, why.entry.hash));
  json.text("verdict", name_of(why.entry.record.outcome));
  if (why.entry.record.outcome == call::Outcome::refused) {
    json.text("code", name_of(why.entry.record.refusal));
    json.text("sentence", why.judged.sentence);
  }
  if (why.judged.rule != nullptr) {
    json.begin_object("rule");
    json.text("section", why.judged.rule->section);
    json.text("subject", why.judged.rule->subject);
    json.text("says", why.judged.rule->says);
    json.end_object();
  }
  if (why.judged.known) json.boolean("decidedTheSameToday", why.judged.differs.empty());
  if (!why.judged.differs.empty()) json.text("differs", why.judged.differs);
  if (!why.judged.granted.empty()) json.text("granted", why.judged.granted);
  if (why.judged.known) json.raw("before", state_json(why.before));
  json.raw("after", state_json(why.after));
  std::string recipients = "[";
  for (const auto& recipient : why.recipients) {
    if (recipients.size() > 1) recipients += ',';
    recipients += '{';
    transports::JsonWriter each(recipients);
    each.text("userId", recipient.user.view());
    each.text("hears", recipient.hears);
    if (!recipient.note.empty()) each.text("note", recipient.note);
    each.end_object();
  }
  json.raw("deliveredTo", recipients + "]");
  json.end_object();
  return text + "\n";
}

}  // namespace callstate::tools
