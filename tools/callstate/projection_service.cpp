#include "tools/callstate/projection_service.hpp"

#include <algorithm>
#include <charconv>

#include "transports/json_document.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::HttpRequest;
using transports::HttpResponse;
using transports::JsonKind;
using transports::JsonValue;
using transports::problem;

constexpr std::string_view route = "/v1/projections";
// Below one of them.
constexpr std::string_view rebuild_route = "/rebuild";
constexpr std::string_view verify_route = "/verify";
constexpr std::string_view skip_route = "/skip";
constexpr std::size_t reason_bytes_max = 1'024;

HttpResponse wrong_method(std::string_view takes, std::string_view sentence) {
  auto refusal = problem(405, "INVALID_MESSAGE", sentence);
  refusal.fields.emplace_back("Allow", takes);
  return refusal;
}

HttpResponse refuse(std::string_view sentence) {
  return problem(400, "INVALID_MESSAGE", sentence);
}

std::string name_of(const ProjectionService::Served& which) {
  return which.runner->status().name;
}

/// The body, an object whose members are among those named; none of them where there
/// is no body.
class Body {
 public:
  std::optional<HttpResponse> read(const HttpRequest& request,
                                   std::initializer_list<std::string_view> known) {
    const auto type = request.field("content-type");
    if (!type.empty() && !type.starts_with("application/json"))
      return problem(415, "INVALID_MESSAGE", "the body must be application/json");
    if (request.body.empty()) return std::nullopt;
    if (auto parsed = document_.parse(request.body); !parsed)
      return refuse("the body: " + parsed.error());
    if (document_.root()->kind != JsonKind::object) return refuse("the body must be an object");
    for (const auto& member : *document_.root()) {
      if (std::ranges::find(known, member.key) == known.end())
        return refuse("the body has a field that is not known: " +
                      transports::printable(member.key, 40));
    }
    return std::nullopt;
  }
  [[nodiscard]] const JsonValue* find(std::string_view name) const {
    const auto* root = document_.root();
    return root == nullptr ? nullptr : root->find(name);
  }
  /// Nothing: it is there, and neither true nor false.
  [[nodiscard]] std::optional<bool> flag(std::string_view name) const {
    const auto* member = find(name);
    if (member == nullptr) return false;
    if (member->kind != JsonKind::boolean) return std::nullopt;
    std::string text;
    transports::append_compact(*member, text);
    return text == "true";
  }

 private:
  transports::JsonDocument document_{{.depth_max = 2, .values_max = 16}};
};

std::optional<call::Position> position_in(const Body& body) {
  const auto* member = body.find("position");
  if (member == nullptr || member->kind != JsonKind::number) return std::nullopt;
  call::Position position = 0;
  const char* end = member->text.data() + member->text.size();
  const auto [rest, error] = std::from_chars(member->text.data(), end, position);
  if (error != std::errc() || rest != end || position == 0) return std::nullopt;
  return position;
}

bool is_reason(std::string_view text) {
  return !text.empty() && text == transports::without_controls(text, reason_bytes_max);
}

std::optional<std::string> done(std::expected<history::Rebuilt, history::Trouble> rebuilt,
                                Job& job) {
  if (!rebuilt) return rebuilt.error().message;
  job.rebuilt = *std::move(rebuilt);
  return std::nullopt;
}

std::optional<std::string> done(std::expected<history::Verified, history::Trouble> verified,
                                Job& job) {
  if (!verified) return verified.error().message;
  job.verified = *std::move(verified);
  return std::nullopt;
}

}  // namespace

std::optional<HttpResponse> ProjectionService::answer(const HttpRequest& request) {
  std::string_view path = request.path;
  if (path != route && !path.starts_with(std::string(route) + "/")) return std::nullopt;
  if (!request.identity) return unauthenticated(request);
  const auto role = request.identity->role;
  if (path == route) {
    return role == call::Role::service || role == call::Role::auditor
               ? list(request)
               : problem(403, "FORBIDDEN", "this needs the role AUDITOR or SERVICE");
  }
  if (role != call::Role::service) return problem(403, "FORBIDDEN", "this needs the role SERVICE");
  path.remove_prefix(route.size() + 1);
  const auto slash = std::min(path.find('/'), path.size());
  const auto verb = path.substr(slash);
  const bool skips = verb == skip_route;
  if (!skips && verb != rebuild_route && verb != verify_route) return std::nullopt;
  if (request.method != "POST" && (skips || request.method != "DELETE")) {
    return skips ? wrong_method("POST", "POST goes beyond the record that has stopped it")
                 : wrong_method("POST, DELETE", "POST begins it, DELETE stops it");
  }
  const auto found = std::ranges::find(served_, path.substr(0, slash),
                                       [](const Served& each) { return name_of(each); });
  if (found == served_.end())
    return problem(404, "", "this server has no such projection: GET /v1/projections lists them");
  if (skips) return skip(request, *found);
  return job(request, *found, verb == rebuild_route ? JobKind::rebuild : JobKind::verify);
}

HttpResponse ProjectionService::list(const HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD")
    return wrong_method("GET, HEAD", "GET lists the projections");
  const bool everything = request.identity->role == call::Role::service;
  std::vector<ProjectionView> views;
  for (const auto& each : served_) {
    ProjectionView view{.status = each.runner->status()};
    view.rebuild = jobs_.last(view.status.name, JobKind::rebuild);
    view.verify = jobs_.last(view.status.name, JobKind::verify);
    views.push_back(everything ? std::move(view) : without_details(std::move(view)));
  }
  HttpResponse response{.body = projections_json(views)};
  response.fields.emplace_back("Cache-Control", "no-store");
  return response;
}

HttpResponse ProjectionService::job(const HttpRequest& request, const Served& which, JobKind kind) {
  if (request.method == "POST") return start(request, which, kind);
  const auto name = name_of(which);
  if (!jobs_.stop(name, kind)) return problem(404, "", "nothing of this kind runs");
  return {.status = 202, .body = job_json(*jobs_.last(name, kind))};
}

HttpResponse ProjectionService::start(const HttpRequest& request, const Served& which,
                                      JobKind kind) {
  Body body;
  const std::string_view option = kind == JobKind::rebuild ? "takeOver" : "repair";
  if (auto refusal = body.read(request, {option})) return *std::move(refusal);
  const auto flag = body.flag(option);
  if (!flag) return refuse(std::string(option) + " must be true or false");
  auto* maintenance = which.maintenance;
  if (maintenance == nullptr) return problem(409, "", which.why_no_maintenance);
  const auto started = jobs_.start(
      name_of(which), kind,
      [maintenance, kind, flag = *flag](const history::OnProgress& on_progress, Job& job) {
        return kind == JobKind::rebuild ? done(maintenance->rebuild(flag, on_progress), job)
                                        : done(maintenance->verify(flag, on_progress), job);
      });
  if (!started) {
    return problem(409, "",
                   "a rebuild or verify runs already: wait for it, or stop it (DELETE); GET "
                   "/v1/projections shows it");
  }
  return {.status = 202, .body = job_json(*started)};
}

HttpResponse ProjectionService::skip(const HttpRequest& request, const Served& which) {
  Body body;
  if (auto refusal = body.read(request, {"position", "reason"})) return *std::move(refusal);
  const auto position = position_in(body);
  if (!position) return refuse("position must be that of the record which has stopped it");
  const auto* reason = body.find("reason");
  if (reason == nullptr || reason->kind != JsonKind::string || !is_reason(reason->text)) {
    return refuse(
        "reason must say why, since it is kept: 1 to 1,024 bytes without control characters");
  }
  const std::string text(reason->text);
  const auto status = which.runner->status();
  if (status.state != projections::State::stopped_by_poison ||
      status.trouble->position != *position) {
    return problem(409, "",
                   "this projection is not stopped by record " + std::to_string(*position) +
                       ": only the record that has stopped it can be skipped");
  }
  if (const auto skipped = which.runner->skip(*position, text); !skipped)
    return problem(503, "STORAGE_UNAVAILABLE", skipped.error().message);
  return {.status = 204, .content_type = {}, .body = {}};
}

}  // namespace callstate::tools
