#include <array>
#include <cstdio>

#include "tools/callstate/report/projection_view.hpp"
#include "transports/json_writer.hpp"

// As JSON: `Projections` of schemas/openapi.yaml.

namespace callstate::tools {
namespace {

using transports::JsonWriter;

constexpr std::array<std::string_view, 3> trouble_names{"passing", "lasting", "poison"};
constexpr std::array<std::string_view, 5> state_names{"running", "stopping", "done", "stopped",
                                                      "failed"};

void put_decimal(JsonWriter& to, std::string_view key, double value) {
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.3f", value);
  to.raw(key, {text.data(), static_cast<std::size_t>(length)});
}

void put_skipped(JsonWriter& to, const std::vector<history::Skipped>& skipped) {
  to.begin_array("skipped");
  for (const auto& each : skipped) {
    to.begin_object();
    to.number("position", each.position);
    if (!each.reason.empty()) to.text("reason", each.reason);
    to.time("at", each.at);
    to.end_object();
  }
  to.end_array();
}

void put(JsonWriter& to, const history::Drift& drift) {
  to.begin_object();
  to.text("kind", name_of(drift.kind));
  to.text("table", drift.table);
  if (!drift.call.empty()) to.text("callId", call::to_string(drift.call));
  if (drift.position != 0) to.number("position", drift.position);
  if (!drift.column.empty()) {
    to.text("column", drift.column);
    to.text("expected", drift.expected);
    to.text("found", drift.found);
  }
  to.end_object();
}

void put(JsonWriter& to, const history::Verified& verified) {
  to.number("position", verified.position);
  to.number("calls", verified.calls);
  to.number("events", verified.events);
  to.begin_array("drift");
  for (const auto& each : verified.drift) put(to, each);
  to.end_array();
  to.boolean("more", verified.more);
  to.number("repaired", verified.repaired);
}

void put_fields(JsonWriter& to, const Job& job) {
  to.text("state", name_of(job.state));
  to.time("startedAt", job.started_at);
  if (job.is_over()) to.time("endedAt", job.ended_at);
  to.begin_object("progress");
  to.text("step", name_of(job.progress.step));
  to.number("done", job.progress.done);
  to.number("total", job.progress.total);
  put_decimal(to, "recordsPerSecond", job.progress.records_per_second);
  to.end_object();
  if (!job.error.empty()) to.text("error", job.error);
  if (job.rebuilt && job.rebuilt->finished) {
    to.number("position", job.rebuilt->position);
    if (job.rebuilt->replaced) to.number("replaced", *job.rebuilt->replaced);
  }
  if (job.verified && job.verified->finished) put(to, *job.verified);
}

void put(JsonWriter& to, const ProjectionView& view) {
  const auto& status = view.status;
  to.begin_object();
  to.text("name", status.name);
  to.text("state", name_of(status.state));
  to.time("since", status.since);
  to.number("position", status.position);
  to.number("head", status.head);
  to.number("lagRecords", status.lag_records);
  put_decimal(to, "lagSeconds", std::chrono::duration<double>(status.lag).count());
  to.number("retries", status.retries);
  if (const auto& trouble = status.trouble) {
    to.begin_object("trouble");
    to.text("kind", trouble_names.at(static_cast<std::size_t>(trouble->kind)));
    if (!trouble->message.empty()) to.text("message", trouble->message);
    to.time("at", status.trouble_at);
    if (trouble->position != 0) to.number("position", trouble->position);
    to.end_object();
  }
  put_skipped(to, status.skipped);
  for (const auto kind : {JobKind::rebuild, JobKind::verify}) {
    if (!view.job(kind)) continue;
    to.begin_object(name_of(kind));
    put_fields(to, *view.job(kind));
    to.end_object();
  }
  to.end_object();
}

}  // namespace

std::string_view name_of(JobKind kind) {
  return kind == JobKind::rebuild ? "rebuild" : "verify";
}

std::string_view name_of(Job::State state) {
  return state_names.at(static_cast<std::size_t>(state));
}

ProjectionView without_details(ProjectionView view) {
  if (view.status.trouble) view.status.trouble->message.clear();
  for (auto& each : view.status.skipped) each.reason.clear();
  for (auto* job : {&view.rebuild, &view.verify}) {
    if (!*job) continue;
    (*job)->error.clear();
    (*job)->verified.reset();
  }
  return view;
}

std::string projections_json(const std::vector<ProjectionView>& views) {
  std::string text;
  JsonWriter to(text);
  to.begin_object();
  to.begin_array("projections");
  for (const auto& view : views) put(to, view);
  to.end_array();
  to.end_object();
  return text;
}

std::string job_json(const Job& job) {
  std::string text;
  JsonWriter to(text);
  to.begin_object();
  put_fields(to, job);
  to.end_object();
  return text;
}

}  // namespace callstate::tools
