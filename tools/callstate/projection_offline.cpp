#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <utility>

#include "core/engine/system.hpp"
#include "projections/follower.hpp"
#include "projections/history_projection.hpp"
#include "projections/postgres/inspect.hpp"
#include "projections/postgres/sink.hpp"
#include "tools/callstate/maintenance.hpp"
#include "tools/callstate/postgres_service.hpp"
#include "tools/callstate/projection_source.hpp"

namespace callstate::tools {
namespace {

namespace fs = std::filesystem;
namespace postgres = projections::postgres;
using history::OnProgress;

std::unexpected<Trouble> unusable(std::string message) {
  return std::unexpected(Trouble{Exit::unusable, std::move(message)});
}

std::unexpected<Trouble> unusable(const history::Trouble& trouble) {
  return unusable(trouble.message + ".");
}

/// One thing that is kept, while no server keeps it.
class Kept {
 public:
  virtual ~Kept() = default;
  /// The log's id, the position, what was skipped.
  virtual std::expected<storage::IndexStanding, history::Trouble> standing() = 0;
  virtual Maintenance& maintenance() = 0;
  /// What it is of, as it is called there.
  [[nodiscard]] virtual const std::string& log_id() const = 0;
  /// To be followed into.
  virtual history::HistorySink& sink() = 0;
};

class KeptIndex final : public Kept {
 public:
  KeptIndex(const fs::path& path, const engine::LogReader& log, const std::string& log_id)
      : path_(path),
        log_id_(storage::index_log_id(log_id, log.first())),
        index_({.path = path}),
        maintenance_(index_,
                     {.log = log,
                      .log_id = log_id_,
                      .alone = [](const storage::IndexSource::Work& work) { return work(); }}) {}

  std::expected<storage::IndexStanding, history::Trouble> standing() override {
    return storage::inspect_index(path_);
  }
  Maintenance& maintenance() override { return maintenance_; }
  [[nodiscard]] const std::string& log_id() const override { return log_id_; }
  history::HistorySink& sink() override { return index_; }

 private:
  const fs::path path_;
  const std::string log_id_;
  storage::CallIndex index_;
  IndexMaintenance maintenance_;
};

class KeptRows final : public Kept {
 public:
  KeptRows(const postgres::Settings& settings, const engine::LogReader& log,
           const std::string& log_id)
      : settings_(settings),
        log_id_(log_id),
        sink_(settings, payload_text),
        maintenance_(settings, log, log_id) {}

  std::expected<storage::IndexStanding, history::Trouble> standing() override {
    auto found = postgres::inspect(settings_);
    if (!found) return std::unexpected(found.error());
    return storage::IndexStanding{found->log_id, found->position, std::move(found->skipped)};
  }
  Maintenance& maintenance() override { return maintenance_; }
  [[nodiscard]] const std::string& log_id() const override { return log_id_; }
  history::HistorySink& sink() override { return sink_; }

 private:
  const postgres::Settings settings_;
  const std::string log_id_;
  postgres::PostgresSink sink_;
  PostgresMaintenance maintenance_;
};

class Stopped final : public ProjectionSource {
 public:
  Stopped(std::unique_ptr<LogSource> log, const fs::path& data_dir,
          const postgres::Settings& settings)
      : log_(std::move(log)), log_id_(log_->about().log_id) {
    kept_.emplace_back("index",
                       std::make_unique<KeptIndex>(data_dir / "index", log_->reader(), log_id_));
    if (settings.connection.empty()) return;
    kept_.emplace_back("postgres", std::make_unique<KeptRows>(settings, log_->reader(), log_id_));
  }

  std::expected<std::vector<ProjectionView>, Trouble> list() override {
    std::vector<ProjectionView> views;
    for (auto& [name, kept] : kept_) views.push_back({.status = status_of(name, *kept)});
    return views;
  }

  std::expected<Job, Trouble> run(const std::string& name, JobKind kind, bool option,
                                  const OnProgress& on_progress) override {
    auto* kept = find(name);
    if (kept == nullptr) return no_such(name);
    Job job{.started_at = clock_.now()};
    const auto told = [&](const history::Progress& progress) {
      job.progress = progress;
      return on_progress(progress);
    };
    if (kind == JobKind::verify && name == "index") {
      if (auto opened = open_index(*kept); !opened) return std::unexpected(opened.error());
    }
    bool finished = false;
    if (kind == JobKind::rebuild) {
      auto rebuilt = kept->maintenance().rebuild(option, told);
      if (!rebuilt) return unusable(rebuilt.error());
      finished = rebuilt->finished;
      job.rebuilt = *rebuilt;
    } else {
      auto verified = kept->maintenance().verify(option, told);
      if (!verified) return unusable(verified.error());
      finished = verified->finished;
      job.verified = *std::move(verified);
    }
    job.ended_at = clock_.now();
    job.state = finished ? Job::State::done : Job::State::stopped;
    return job;
  }

  /// Follows the log to where it stops, and on from there.
  std::expected<void, Trouble> skip(const std::string& name, call::Position position,
                                    const std::string& reason) override {
    auto* kept = find(name);
    if (kept == nullptr) return no_such(name);
    projections::HistoryProjection projection(name, kept->sink());
    std::mt19937_64 random(std::random_device{}());
    projections::Follower follower(
        projection, log_->reader(), kept->log_id(),
        {.clock = clock_, .random = [&random] { return random(); }, .tell = {}});
    for (;;) {
      const auto next = follower.step();
      const auto status = follower.status();
      if (status.state == projections::State::retrying) return unusable(*status.trouble);
      if (!next.pause || (status.lag_records == 0 && *next.pause > call::Duration{})) break;
    }
    if (auto skipped = follower.skip(position, reason); !skipped) return unusable(skipped.error());
    return {};
  }

 private:
  projections::Status status_of(const std::string& name, Kept& kept) {
    projections::Status status{.name = name, .head = log_->reader().head()};
    auto standing = kept.standing();
    if (!standing) {
      status.trouble = standing.error();
    } else if (!standing->log_id.empty() && standing->log_id != kept.log_id()) {
      status.trouble = history::Trouble{.kind = history::Trouble::Kind::lasting,
                                        .message = "it is of another log, " + standing->log_id};
    } else {
      status.position = standing->position;
      status.skipped = std::move(standing->skipped);
    }
    if (status.position > status.head) {
      status.trouble =
          history::Trouble{.kind = history::Trouble::Kind::lasting,
                           .message = "it has come to position " + std::to_string(status.position) +
                                      ", and the log ends at " + std::to_string(status.head)};
    }
    status.lag_records = status.head - std::min(status.head, status.position);
    return status;
  }

  /// Only what is sound enough to be compared: opening would drop anything else.
  std::expected<void, Trouble> open_index(Kept& kept) {
    const auto status = status_of("index", kept);
    if (status.trouble) return std::unexpected(Trouble{Exit::found, status.trouble->message + "."});
    if (auto opened = kept.sink().open(kept.log_id(), status.head); !opened)
      return unusable(opened.error());
    return {};
  }

  Kept* find(const std::string& name) {
    for (auto& [own, kept] : kept_)
      if (own == name) return kept.get();
    return nullptr;
  }
  static std::unexpected<Trouble> no_such(const std::string& name) {
    if (name == "postgres")
      return unusable("Say with --postgres, or --postgres-file, where the rows are.");
    return unusable("Without a server there is nothing to be done with " + name +
                    ": start it, and say --server.");
  }

  const engine::SystemClock clock_;
  std::unique_ptr<LogSource> log_;
  const std::string log_id_;
  std::vector<std::pair<std::string, std::unique_ptr<Kept>>> kept_;
};

}  // namespace

std::expected<std::unique_ptr<ProjectionSource>, Trouble> open_stopped(
    const LogOptions& log, const PostgresOptions& options) {
  const auto settings = postgres_settings(options);
  if (!settings) return unusable(settings.error() + ".");
  auto opened = LogSource::open(log);
  if (!opened) return std::unexpected(opened.error());
  ::umask(S_IRWXG | S_IRWXO);  // what follows writes is nobody else's to read
  return std::make_unique<Stopped>(std::move(*opened), log.data_dir, *settings);
}

}  // namespace callstate::tools
