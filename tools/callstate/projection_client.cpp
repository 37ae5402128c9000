#include <chrono>
#include <thread>
#include <utility>

#include "tools/callstate/projection_source.hpp"
#include "tools/callstate/service_client.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 100ms;

class Served final : public ProjectionSource {
 public:
  explicit Served(ServiceClient client) : client_(std::move(client)) {}

  std::expected<std::vector<ProjectionView>, Trouble> list() override {
    const auto answer = client_.ask("GET", "/v1/projections");
    if (!answer) return std::unexpected(answer.error());
    if (answer->status != 200) return std::unexpected(client_.unexpected(*answer));
    auto views = parse_projections(answer->body);
    if (!views) return std::unexpected(client_.unreadable());
    return *std::move(views);
  }

  std::expected<Job, Trouble> run(const std::string& name, JobKind kind, bool option,
                                  const history::OnProgress& on_progress) override {
    const auto path = path_of(name, name_of(kind));
    const auto* flag = kind == JobKind::rebuild ? R"({"takeOver":true})" : R"({"repair":true})";
    if (auto asked = ask("POST", path, option ? flag : "", 202); !asked)
      return std::unexpected(asked.error());
    for (bool asked_to_stop = false;;) {
      auto job = find(name, kind);
      if (!job || job->is_over()) return job;
      if (!on_progress(job->progress) && !std::exchange(asked_to_stop, true)) {
        // It may be over by now, which the next look shows.
        if (const auto stopped = client_.ask("DELETE", path); !stopped)
          return std::unexpected(stopped.error());
      }
      std::this_thread::sleep_for(look_every);
    }
  }

  std::expected<void, Trouble> skip(const std::string& name, call::Position position,
                                    const std::string& reason) override {
    std::string body;
    transports::JsonWriter to(body);
    to.begin_object();
    to.number("position", position);
    to.text("reason", reason);
    to.end_object();
    return ask("POST", path_of(name, "skip"), body, 204);
  }

 private:
  static std::string path_of(const std::string& name, std::string_view verb) {
    return "/v1/projections/" + name + "/" + std::string(verb);
  }

  std::expected<void, Trouble> ask(std::string_view method, const std::string& path,
                                   std::string_view body, int wanted) {
    const auto answer = client_.ask(method, path, body);
    if (!answer) return std::unexpected(answer.error());
    if (answer->status != wanted) return std::unexpected(client_.unexpected(*answer));
    return {};
  }

  std::expected<Job, Trouble> find(const std::string& name, JobKind kind) {
    const auto views = list();
    if (!views) return std::unexpected(views.error());
    for (const auto& view : *views)
      if (view.status.name == name && view.job(kind)) return *view.job(kind);
    return std::unexpected(
        Trouble{Exit::unusable, "The server at " + client_.text() +
                                    " knows nothing of it any more: it was started anew. Run "
                                    "this again, it goes on where it was."});
  }

  ServiceClient client_;
};

}  // namespace

std::expected<std::unique_ptr<ProjectionSource>, Trouble> open_served(const LogOptions& log) {
  auto client = ServiceClient::at({log.server, log.ca_file, log.token});
  if (!client) return std::unexpected(client.error());
  return std::make_unique<Served>(std::move(*client));
}

}  // namespace callstate::tools
