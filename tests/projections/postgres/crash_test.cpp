// kill -9, of PostgreSQL and of who writes, again and again: no row is lost, and none
// is there twice.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

#include "projections/postgres/fixture.hpp"

namespace callstate::projections::postgres {
namespace {

constexpr int kills = 20;

class PostgresCrash : public ::testing::Test {
 protected:
  Cluster cluster;
  support::MemoryLog log;
  std::mt19937_64 random{11};

  void expect_all_there(const Settings& settings) const {
    pqxx::connection connection(settings.connection);
    pqxx::work work(connection);
    work.exec("SET search_path TO callstate");
    const auto all = [&](const std::string& sql) {
      std::vector<std::vector<std::string>> rows;
      for (const auto& row : work.exec(sql)) {
        auto& fields = rows.emplace_back();
        for (const auto& field : row) fields.push_back(field.is_null() ? "∅" : field.c_str());
      }
      return rows;
    };
    expect_same(found_tables(all), expected_tables(log.all()));
  }
};

TEST_F(PostgresCrash, OfPostgresLosesAndDoublesNothing) {
  append(log, random_records(5, 25, 500));
  cluster.start();
  const Settings settings{.connection = cluster.connection(cluster.create_database())};
  Following following(settings, log, 40);
  std::atomic<bool> over = false;
  std::thread projecting([&] {
    while (!over || following.follower.status().lag_records > 0) {
      following.follower.step();
      if (following.follower.status().state == State::retrying) std::this_thread::yield();
    }
  });
  const auto share = log.head() / (kills + 1);
  for (int kill = 1; kill <= kills; ++kill) {
    // In whatever it does then.
    const auto target = share * static_cast<std::size_t>(kill - 1) + random() % share;
    while (following.follower.status().position < target) std::this_thread::yield();
    cluster.kill();
    cluster.start();
  }
  over = true;
  projecting.join();
  EXPECT_GE(following.follower.status().retries, static_cast<std::uint64_t>(kills) / 2);
  expect_all_there(settings);
}

TEST_F(PostgresCrash, OfWhoWritesLosesAndDoublesNothing) {
  append(log, random_records(6, 25, 500));
  cluster.start();
  const Settings settings{.connection = cluster.connection(cluster.create_database())};
  pqxx::connection watching(settings.connection);
  const auto position = [&]() -> call::Position {
    pqxx::nontransaction work(watching);
    if (work.exec("SELECT to_regclass('callstate.\"ProjectionCheckpoint\"') IS NULL")[0][0]
            .as<bool>()) {
      return 0;
    }
    const auto rows = work.exec("SELECT \"position\" FROM callstate.\"ProjectionCheckpoint\"");
    return rows.empty() ? 0 : rows[0][0].as<call::Position>();
  };
  const auto share = log.head() / (kills + 1);
  for (int kill = 1; kill <= kills; ++kill) {
    const pid_t writer = fork();
    if (writer == 0) {
      Following following(settings, log, 40);
      while (true) following.follower.step();
    }
    const auto target = share * static_cast<std::size_t>(kill - 1) + random() % share;
    while (position() < target) std::this_thread::yield();
    ::kill(writer, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(writer, &status, 0), writer);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
  }
  Following following(settings, log, 40);
  ASSERT_EQ(following.run().lag_records, 0U);
  expect_all_there(settings);
}

TEST_F(PostgresCrash, InTheMiddleOfARebuildHalvesNothing) {
  append(log, random_records(7, 25, 200));
  cluster.start();
  const Settings settings{.connection = cluster.connection(cluster.create_database())};
  const Source source{log, log_id, payload_of};
  const auto batch = log.head() / 5;
  for (int step = 1; step <= 6; ++step) {  // the last is where rows are about to be replaced
    int calls = 0;
    const auto killed = rebuild(settings, source, {.batch_records = batch}, [&](const Progress&) {
      if (++calls != step) return true;
      cluster.kill();
      cluster.start();
      return true;
    });
    ASSERT_FALSE(killed) << "step " << step;
    EXPECT_EQ(killed.error().kind, history::Trouble::Kind::passing) << killed.error().message;
  }
  const auto made = rebuild(settings, source, {}, [](const Progress&) { return true; });
  ASSERT_TRUE(made) << made.error().message;
  expect_all_there(settings);
}

}  // namespace
}  // namespace callstate::projections::postgres
