#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "projections/follower.hpp"
#include "projections/history_projection.hpp"
#include "projections/postgres/calls.hpp"
#include "projections/postgres/maintenance.hpp"
#include "projections/postgres/sink.hpp"
#include "support/memory_log.hpp"
#include "support/stand_ins.hpp"
#include "tools/cluster/cluster.hpp"

namespace callstate::projections::postgres {

inline const std::string log_id = "log-1";

/// Follows a log into PostgreSQL, step by step.
struct Following {
  Following(const Settings& settings, const engine::LogReader& log, std::size_t batch = 100,
            std::string id = log_id, PayloadText payload = payload_of)
      : sink(settings, std::move(payload)),
        projection("postgres", sink),
        follower(projection, log, std::move(id), {clock, [] { return 0U; }, {}}, pace(batch)) {}

  static Pace pace(std::size_t batch) { return {.batch_records_max = batch}; }
  /// Until it is level, or cannot go on.
  Status run(int steps = 100'000) {
    for (; steps > 0; --steps) {
      follower.step();
      const auto status = follower.status();
      if (status.state != State::catching_up && status.lag_records == 0) return status;
      if (status.state == State::retrying || status.state == State::stopped_by_poison)
        return status;
    }
    return follower.status();
  }

  support::ManualClock clock;
  PostgresSink sink;
  HistoryProjection projection;
  Follower follower;
};

using tools::Cluster;

/// The one of this program, started when it is first asked for.
inline Cluster& shared_cluster() {
  static Cluster cluster;
  static const bool started = (cluster.start(), true);
  (void)started;
  return cluster;
}

/// The processes that serve one program's connections, stopped: they take what they are
/// sent, and do not answer.
class Silence {
 public:
  explicit Silence(const std::vector<std::vector<std::string>>& pids) {
    for (const auto& row : pids) pids_.push_back(std::stoi(row.at(0)));
    for (const pid_t pid : pids_) ::kill(pid, SIGSTOP);
  }
  ~Silence() {
    for (const pid_t pid : pids_) ::kill(pid, SIGCONT);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  [[nodiscard]] std::size_t size() const { return pids_.size(); }

 private:
  std::vector<pid_t> pids_;
};

/// A database of its own for each test, in the cluster of all.
class PostgresTest : public ::testing::Test {
 protected:
  Cluster& cluster = shared_cluster();
  const std::string database = cluster.create_database();
  Settings settings{.connection = cluster.connection(database)};
  support::MemoryLog log;

  [[nodiscard]] std::vector<std::vector<std::string>> query(const std::string& sql) const {
    pqxx::connection connection(settings.connection);
    pqxx::work work(connection);
    work.exec("SET search_path TO \"" + settings.schema + "\"");
    std::vector<std::vector<std::string>> rows;
    for (const auto& row : work.exec(sql)) {
      auto& fields = rows.emplace_back();
      for (const auto& field : row) fields.push_back(field.is_null() ? "∅" : field.c_str());
    }
    work.commit();
    return rows;
  }
  [[nodiscard]] std::string one(const std::string& sql) const { return query(sql).at(0).at(0); }
  void execute(const std::string& sql) const { (void)query(sql); }
  /// Whom to make silent: those of this name, in this database.
  [[nodiscard]] std::vector<std::vector<std::string>> backends(const std::string& name) const {
    return query("SELECT pid FROM pg_stat_activity WHERE application_name = '" + name +
                 "' AND datname = current_database()");
  }

  [[nodiscard]] std::string position() const {
    return one(R"(SELECT "position" FROM "ProjectionCheckpoint" WHERE "projection" = 'postgres')");
  }
  void expect_rows_of(const std::vector<call::Record>& records) const {
    expect_same(found_tables([this](const std::string& sql) { return query(sql); }),
                expected_tables(records));
  }
};

}  // namespace callstate::projections::postgres
