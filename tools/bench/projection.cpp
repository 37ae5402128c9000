#include <chrono>
#include <pqxx/pqxx>
#include <stdexcept>

#include "core/engine/system.hpp"
#include "projections/follower.hpp"
#include "projections/history_projection.hpp"
#include "projections/postgres/maintenance.hpp"
#include "projections/postgres/sink.hpp"
#include "tools/bench/embedded.hpp"
#include "tools/bench/figure.hpp"
#include "tools/cluster/cluster.hpp"
#include "transports/codec.hpp"

namespace callstate::bench {
namespace {

namespace postgres = projections::postgres;
using Clock = std::chrono::steady_clock;

constexpr int rounds = 3;
constexpr std::string_view log_id = "bench";

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

std::string wire(const call::Record& record) {
  return transports::encode(engine::Event{record}, {.everything = true});
}

/// As PostgreSQL is set up by itself: what is committed is synced.
tools::Cluster durable() {
  return tools::Cluster({{"fsync", "on"}, {"shared_buffers", "256MB"}, {"max_wal_size", "4GB"}});
}

class Database {
 public:
  explicit Database(tools::Cluster& cluster)
      : cluster_(cluster), name_(cluster.create_database()), settings{cluster.connection(name_)} {}

  void execute(const std::string& sql) const { cluster_.execute(name_, sql); }
  [[nodiscard]] double rows() const {
    pqxx::connection connection(settings.connection);
    pqxx::work work(connection);
    return work
        .exec1(
            "SELECT (SELECT count(*) FROM callstate.\"CallLog\") + "
            "(SELECT count(*) FROM callstate.\"CallEvent\")")[0]
        .as<double>();
  }
  void empty() const {
    execute(
        "TRUNCATE callstate.\"CallLog\", callstate.\"CallEvent\"; "
        "UPDATE callstate.\"ProjectionCheckpoint\" SET \"position\" = 0; CHECKPOINT");
  }

 private:
  tools::Cluster& cluster_;
  std::string name_;

 public:
  postgres::Settings settings;
};

/// The whole log into empty tables, as the server does; the seconds that it takes.
double project(const Database& database, const engine::LogReader& log) {
  const engine::SystemClock clock;
  postgres::PostgresSink sink(database.settings, wire);
  projections::HistoryProjection projection("postgres", sink);
  projections::Follower follower(projection, log, std::string(log_id),
                                 {clock, [] { return 0U; }, {}},
                                 {.batch_records_max = postgres::best_batch_records});
  const auto began = Clock::now();
  for (auto status = follower.status(); status.position < log.head(); status = follower.status()) {
    follower.step();
    if (const auto now = follower.status(); now.state == projections::State::retrying) {
      throw std::runtime_error(now.trouble->message);
    }
  }
  return seconds_since(began);
}

/// The very same rows, from files, by the server itself.
double copy(const Database& database, const std::string& folder) {
  const auto began = Clock::now();
  database.execute("BEGIN; COPY callstate.\"CallLog\" FROM '" + folder + "/calls';" +
                   "COPY callstate.\"CallEvent\" FROM '" + folder + "/events'; COMMIT");
  return seconds_since(began);
}

double rebuild(const Database& database, const engine::LogReader& log) {
  const auto began = Clock::now();
  const auto made = postgres::rebuild(database.settings, {log, std::string(log_id), wire}, {},
                                      [](const postgres::Progress&) { return true; });
  if (!made) throw std::runtime_error(made.error().message);
  return seconds_since(began);
}

}  // namespace

void measure_projection(const Options& options, std::vector<Figure>& figures) {
  const auto folder = fresh_folder(options, "projection");
  {
    Embedded engine(folder, 2'048);
    engine.flood(options.projection_events);
  }
  storage::OpenOptions open;
  open.path = folder;
  auto store = storage::Store::open(open);
  if (!store) throw std::runtime_error(store.error().message);
  const auto& log = (*store)->reader();

  auto cluster = durable();
  cluster.start();
  const Database database(cluster);
  std::vector<double> projected, copied, rebuilt, ratios, rebuilt_ratios;
  for (int round = 0; round < rounds; ++round) {
    if (round > 0) database.empty();
    const double seconds = project(database, log);
    const double rows = database.rows();
    if (round == 0) {
      database.execute("COPY callstate.\"CallLog\" TO '" + cluster.folder() + "/calls';" +
                       "COPY callstate.\"CallEvent\" TO '" + cluster.folder() + "/events'");
    }
    database.empty();
    const double ceiling = rows / copy(database, cluster.folder());
    database.empty();
    projected.push_back(rows / seconds);
    copied.push_back(ceiling);
    rebuilt.push_back(rows / rebuild(database, log));
    ratios.push_back(projected.back() / ceiling);
    rebuilt_ratios.push_back(rebuilt.back() / ceiling);
  }
  const std::string beside = "COPY of the same rows from a file";
  figures.push_back({.name = "projection",
                     .value = median(projected),
                     .unit = "rows/s",
                     .ceiling = median(copied),
                     .ceiling_name = beside,
                     .ratio = median(ratios),
                     .target = 0.5});
  figures.push_back({.name = "rebuild",
                     .value = median(rebuilt),
                     .unit = "rows/s",
                     .ceiling = median(copied),
                     .ceiling_name = beside,
                     .ratio = median(rebuilt_ratios)});
}

}  // namespace callstate::bench
