#include <boost/json.hpp>

#include "tools/callstate/report/projection_view.hpp"
#include "tools/callstate/report/times.hpp"

// Back from JSON. What is missing or of another kind counts as not said.

namespace callstate::tools {
namespace {

namespace json = boost::json;

const json::object* object_in(const json::object& from, json::string_view key) {
  const auto* member = from.if_contains(key);
  return member == nullptr ? nullptr : member->if_object();
}

std::string text_in(const json::object& from, json::string_view key) {
  const auto* member = from.if_contains(key);
  const auto* text = member == nullptr ? nullptr : member->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

template <class Number>
Number number_in(const json::object& from, json::string_view key) {
  const auto* member = from.if_contains(key);
  boost::system::error_code error;
  const auto number = member == nullptr ? Number{} : member->to_number<Number>(error);
  return error ? Number{} : number;
}

call::Time time_in(const json::object& from, json::string_view key) {
  return parse_time(text_in(from, key)).value_or(call::Time());
}

bool is_true(const json::object& from, json::string_view key) {
  const auto* member = from.if_contains(key);
  const auto* value = member == nullptr ? nullptr : member->if_bool();
  return value != nullptr && *value;
}

/// Calls `each` with the objects of an array.
template <class Each>
void for_each_in(const json::object& from, json::string_view key, const Each& each) {
  const auto* member = from.if_contains(key);
  const auto* array = member == nullptr ? nullptr : member->if_array();
  if (array == nullptr) return;
  for (const auto& value : *array)
    if (const auto* object = value.if_object()) each(*object);
}

std::optional<history::Trouble> trouble_in(const json::object& from) {
  using Kind = history::Trouble::Kind;
  const auto* trouble = object_in(from, "trouble");
  if (trouble == nullptr) return std::nullopt;
  const auto kind = text_in(*trouble, "kind");
  return history::Trouble{.kind = kind == "poison"    ? Kind::poison
                                  : kind == "lasting" ? Kind::lasting
                                                      : Kind::passing,
                          .message = text_in(*trouble, "message"),
                          .position = number_in<call::Position>(*trouble, "position")};
}

history::Drift drift_of(const json::object& from) {
  return {
      .kind =
          history::parse_drift_kind(text_in(from, "kind")).value_or(history::Drift::Kind::differs),
      .table = text_in(from, "table"),
      .call = call::parse_call_id(text_in(from, "callId")).value_or(call::CallId()),
      .position = number_in<call::Position>(from, "position"),
      .column = text_in(from, "column"),
      .expected = text_in(from, "expected"),
      .found = text_in(from, "found")};
}

history::Verified verified_of(const json::object& from) {
  history::Verified verified{.finished = true,
                             .position = number_in<call::Position>(from, "position"),
                             .calls = number_in<std::uint64_t>(from, "calls"),
                             .events = number_in<std::uint64_t>(from, "events"),
                             .more = is_true(from, "more"),
                             .repaired = number_in<std::uint64_t>(from, "repaired")};
  for_each_in(from, "drift",
              [&](const json::object& each) { verified.drift.push_back(drift_of(each)); });
  return verified;
}

Job::State state_of(const json::object& from) {
  for (const auto state :
       {Job::State::stopping, Job::State::done, Job::State::stopped, Job::State::failed})
    if (text_in(from, "state") == name_of(state)) return state;
  return Job::State::running;
}

std::optional<Job> job_in(const json::object& view, JobKind kind) {
  const auto* from = object_in(view, {name_of(kind).data(), name_of(kind).size()});
  if (from == nullptr) return std::nullopt;
  Job job{.state = state_of(*from),
          .started_at = time_in(*from, "startedAt"),
          .ended_at = time_in(*from, "endedAt"),
          .error = text_in(*from, "error")};
  if (const auto* progress = object_in(*from, "progress")) {
    job.progress = {.step = history::parse_step(text_in(*progress, "step"))
                                .value_or(history::Progress::Step::folding),
                    .done = number_in<call::Position>(*progress, "done"),
                    .total = number_in<call::Position>(*progress, "total"),
                    .records_per_second = number_in<double>(*progress, "recordsPerSecond")};
  }
  if (job.state != Job::State::done) return job;
  if (kind == JobKind::verify) {
    job.verified = verified_of(*from);
    return job;
  }
  job.rebuilt =
      history::Rebuilt{.finished = true, .position = number_in<call::Position>(*from, "position")};
  if (from->contains("replaced"))
    job.rebuilt->replaced = number_in<std::uint64_t>(*from, "replaced");
  return job;
}

ProjectionView view_of(const json::object& from) {
  ProjectionView view;
  auto& status = view.status;
  status.name = text_in(from, "name");
  status.state = projections::parse_state(text_in(from, "state")).value_or(status.state);
  status.since = time_in(from, "since");
  status.position = number_in<call::Position>(from, "position");
  status.head = number_in<call::Position>(from, "head");
  status.lag_records = number_in<std::uint64_t>(from, "lagRecords");
  status.lag = std::chrono::duration_cast<call::Duration>(
      std::chrono::duration<double>(number_in<double>(from, "lagSeconds")));
  status.retries = number_in<std::uint64_t>(from, "retries");
  status.trouble = trouble_in(from);
  if (const auto* trouble = object_in(from, "trouble")) status.trouble_at = time_in(*trouble, "at");
  for_each_in(from, "skipped", [&](const json::object& each) {
    status.skipped.push_back({number_in<call::Position>(each, "position"), text_in(each, "reason"),
                              time_in(each, "at")});
  });
  view.rebuild = job_in(from, JobKind::rebuild);
  view.verify = job_in(from, JobKind::verify);
  return view;
}

}  // namespace

std::optional<std::vector<ProjectionView>> parse_projections(std::string_view text) {
  boost::system::error_code error;
  const auto parsed = json::parse({text.data(), text.size()}, error);
  const auto* object = error ? nullptr : parsed.if_object();
  const auto* listed = object == nullptr ? nullptr : object->if_contains("projections");
  if (listed == nullptr || !listed->is_array()) return std::nullopt;
  std::vector<ProjectionView> views;
  for_each_in(*object, "projections",
              [&](const json::object& each) { views.push_back(view_of(each)); });
  return views;
}

}  // namespace callstate::tools
