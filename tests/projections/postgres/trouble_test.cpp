// Whatever PostgreSQL does: the sentence says what to do, and once that is done every
// row is there once.

#include <pqxx/pqxx>
#include <thread>

#include "projections/postgres/cutter.hpp"
#include "projections/postgres/fixture.hpp"

namespace callstate::projections::postgres {
namespace {

using history::Trouble;
using ::testing::HasSubstr;
using ::testing::Not;

class PostgresTrouble : public PostgresTest {
 protected:
  PostgresTrouble() { append(log, plain_records(20)); }

  static void expect_trouble(const Status& status, Trouble::Kind kind, const std::string& words) {
    EXPECT_EQ(status.state, State::retrying);
    ASSERT_TRUE(status.trouble);
    EXPECT_EQ(status.trouble->kind, kind) << status.trouble->message;
    EXPECT_THAT(status.trouble->message, HasSubstr(words));
  }
  void expect_level(Following& following) {
    const auto status = following.run(1'000);
    ASSERT_EQ(status.lag_records, 0U) << status.trouble.value_or(Trouble{}).message;
    expect_rows_of(log.all());
  }
  /// What is said of an opening; it must fail.
  Trouble opening() const {
    PostgresSink sink(settings, payload_of);
    const auto standing = sink.open(log_id, log.head());
    EXPECT_FALSE(standing);
    return standing ? Trouble{} : standing.error();
  }
  void as_superuser(const std::string& sql) const { cluster.execute(database, sql); }
};

TEST_F(PostgresTrouble, DownAtStart) {
  settings.connection =
      "host=" + cluster.folder() + " port=1 dbname=x user=postgres password=se'cret";
  const auto trouble = opening();
  EXPECT_EQ(trouble.kind, Trouble::Kind::passing);
  EXPECT_THAT(trouble.message, HasSubstr("PostgreSQL cannot be reached: see that it runs"));
  EXPECT_THAT(trouble.message, Not(HasSubstr("cret")));
}

TEST_F(PostgresTrouble, NoSuchHost) {
  settings.connection = "host=no-such-host.invalid dbname=x";
  EXPECT_EQ(opening().kind, Trouble::Kind::passing);
}

TEST_F(PostgresTrouble, AConnectionStringThatIsNone) {
  settings.connection = "postgresql://me:sec%ret@host/x";
  EXPECT_EQ(opening().kind, Trouble::Kind::lasting);
  EXPECT_THAT(opening().message, Not(HasSubstr("sec")));
}

TEST_F(PostgresTrouble, GoneInATransaction) {
  Following following(settings, log, 10);
  following.run(3);
  pqxx::connection other(settings.connection);
  pqxx::work blocking(other);
  blocking.exec("LOCK TABLE callstate.\"CallLog\"");
  Status status;
  std::thread waiting([&] { status = following.run(1); });
  // Once it waits for the lock its batch is half written.
  const auto ended = [&] {
    return one("SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
               "application_name = 'callstate' AND datname = current_database() AND "
               "wait_event_type = 'Lock') AS ended") != "0";
  };
  while (!ended()) std::this_thread::yield();
  waiting.join();
  blocking.abort();
  expect_trouble(status, Trouble::Kind::passing, "PostgreSQL");
  expect_level(following);
}

TEST_F(PostgresTrouble, TooSlow) {
  settings.statement_timeout = std::chrono::milliseconds(50);
  Following following(settings, log, 10);
  following.run(3);
  pqxx::connection other(settings.connection);
  pqxx::work blocking(other);
  blocking.exec("LOCK TABLE callstate.\"CallLog\"");
  const auto status = following.run(1);
  ASSERT_TRUE(status.trouble);
  EXPECT_EQ(status.trouble->kind, Trouble::Kind::passing) << status.trouble->message;
  blocking.abort();
  settings.statement_timeout = std::chrono::seconds(30);
  Following again(settings, log, 10);
  expect_level(again);
}

TEST_F(PostgresTrouble, NoAnswerAtAll) {
  settings.cutter = std::make_shared<Cutter>();
  settings.step_timeout = std::chrono::milliseconds(200);
  Following following(settings, log, 10);
  following.run(3);
  {
    const Silence silence(backends("callstate"));
    ASSERT_EQ(silence.size(), 1U);
    expect_trouble(following.run(1), Trouble::Kind::passing, "does not answer");
    settings.step_timeout = std::chrono::minutes(2);
    Following again(settings, log, 10);
    expect_level(again);
  }
}

TEST_F(PostgresTrouble, NoAnswerAtAllHoldsUpNoStop) {
  settings.cutter = std::make_shared<Cutter>();
  Following following(settings, log, 10);
  following.run(3);
  {
    const Silence silence(backends("callstate"));
    Status status;
    std::thread waiting([&] { status = following.run(1); });
    settings.cutter->end({});
    waiting.join();
    expect_trouble(status, Trouble::Kind::passing, "before the server was stopped");
    EXPECT_THAT(opening().message, HasSubstr("before the server was stopped"));
  }
  settings.cutter.reset();
  Following again(settings, log, 10);
  expect_level(again);
}

TEST_F(PostgresTrouble, ARebuildHoldsUpNoStop) {
  settings.cutter = std::make_shared<Cutter>();
  pqxx::connection other(settings.connection);
  pqxx::work blocking(other);
  Following following(settings, log, 10);
  following.run();
  blocking.exec("LOCK TABLE callstate.\"CallLog\" IN SHARE MODE");  // not read, written
  std::expected<history::Rebuilt, Trouble> rebuilt;
  std::thread rebuilding([&] {
    rebuilt = rebuild(settings, {log, log_id, payload_of}, {}, [&](const auto& progress) {
      if (progress.step == history::Progress::Step::replacing) settings.cutter->end({});
      return true;
    });
  });
  rebuilding.join();
  ASSERT_FALSE(rebuilt);
  EXPECT_THAT(rebuilt.error().message, HasSubstr("before the server was stopped"));
}

TEST_F(PostgresTrouble, Full) {
  Following following(settings, log, 10);
  following.run(3);
  // The server's own words and code, from within it.
  execute(
      "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
      "'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;"
      "CREATE TRIGGER full_disk BEFORE INSERT ON \"CallEvent\" EXECUTE FUNCTION full_disk()");
  expect_trouble(following.run(1), Trouble::Kind::passing, "PostgreSQL's disk is full: make room");
  execute("DROP TRIGGER full_disk ON \"CallEvent\"");
  expect_level(following);
}

TEST_F(PostgresTrouble, ReadOnly) {
  Following following(settings, log, 10);
  following.run(3);
  as_superuser("ALTER DATABASE " + database + " SET default_transaction_read_only TO on");
  Following another(settings, log, 10);
  expect_trouble(another.run(), Trouble::Kind::passing, "PostgreSQL takes no writes here");
  cluster.execute("postgres",
                  "ALTER DATABASE " + database + " RESET default_transaction_read_only");
  expect_level(another);
}

TEST_F(PostgresTrouble, ATableWasChangedMeanwhile) {
  Following following(settings, log, 10);
  following.run(3);
  execute(R"(ALTER TABLE "CallEvent" RENAME COLUMN "seq" TO "sequence")");
  expect_trouble(following.run(1), Trouble::Kind::lasting, "are not as callstate made them");
  expect_trouble(following.run(1), Trouble::Kind::lasting,
                 "the column \"CallEvent\".\"seq\" is missing, and should be bigint");
  execute(R"(ALTER TABLE "CallEvent" RENAME COLUMN "sequence" TO "seq")");
  expect_level(following);
}

TEST_F(PostgresTrouble, AColumnsTypeWasChangedMeanwhile) {
  Following following(settings, log, 10);
  following.run(1);
  execute(R"(ALTER TABLE "CallEvent" ALTER COLUMN "roomName" TYPE integer USING 1)");
  const auto status = following.run(1);
  expect_trouble(status, Trouble::Kind::lasting,
                 "\"CallEvent\".\"roomName\" is integer, and should be text");
  execute(R"(ALTER TABLE "CallEvent" ALTER COLUMN "roomName" TYPE text)");
  execute(R"(TRUNCATE "CallEvent", "CallLog", "ProjectionCheckpoint")");
  expect_level(following);
}

TEST_F(PostgresTrouble, ATableIsGone) {
  Following(settings, log, 10).run(1);
  execute(R"(ALTER TABLE "CallLog" RENAME TO "calls")");
  EXPECT_EQ(opening().kind, Trouble::Kind::lasting);
  EXPECT_THAT(opening().message, HasSubstr("the table \"CallLog\" is missing"));
}

TEST_F(PostgresTrouble, AColumnWasAddedThatMustHaveAValue) {
  Following following(settings, log, 10);
  following.run(3);
  execute(R"(ALTER TABLE "CallEvent" ADD COLUMN "mine" text NOT NULL DEFAULT 'x';)"
          R"(ALTER TABLE "CallEvent" ALTER COLUMN "mine" DROP DEFAULT)");
  expect_trouble(following.run(1), Trouble::Kind::lasting, "a constraint that is not callstate's");
  execute(R"(ALTER TABLE "CallEvent" ALTER COLUMN "mine" SET DEFAULT 'y')");
  expect_level(following);
}

TEST_F(PostgresTrouble, TheCheckpointIsGone) {
  Following following(settings, log, 10);
  following.run(3);
  execute(R"(DELETE FROM "ProjectionCheckpoint")");
  expect_trouble(following.run(1), Trouble::Kind::lasting, "the checkpoint in PostgreSQL is gone");
}

TEST_F(PostgresTrouble, WrongCredentials) {
  as_superuser(
      "DROP ROLE IF EXISTS with_password; CREATE ROLE with_password LOGIN PASSWORD 'right one';"
      "GRANT ALL ON DATABASE " +
      database + " TO with_password");
  const auto with = [&](const std::string& password) {
    settings.connection =
        cluster.connection(database, "user=with_password password='" + password + "'");
  };
  with("wrong one");
  const auto trouble = opening();
  EXPECT_EQ(trouble.kind, Trouble::Kind::lasting);
  EXPECT_THAT(trouble.message, HasSubstr("refuses the user or the password"));
  EXPECT_THAT(trouble.message, Not(HasSubstr("wrong one")));
  settings.connection = cluster.connection(database, "user=with_password");
  EXPECT_THAT(opening().message, HasSubstr("asks for a password"));
  with("right one");
  Following following(settings, log);
  expect_level(following);
}

TEST_F(PostgresTrouble, NoSuchDatabaseOrUser) {
  settings.connection = cluster.connection("nowhere");
  EXPECT_EQ(opening().kind, Trouble::Kind::lasting);
  EXPECT_THAT(opening().message, HasSubstr("no such user or database"));
}

TEST_F(PostgresTrouble, NoPermission) {
  as_superuser("DROP ROLE IF EXISTS modest; CREATE ROLE modest LOGIN");
  settings.connection = cluster.connection(database, "user=modest");
  EXPECT_EQ(opening().kind, Trouble::Kind::lasting);
  EXPECT_THAT(opening().message, HasSubstr("needs CREATE on the database"));
  // A schema that was made for it is enough.
  as_superuser("CREATE SCHEMA callstate AUTHORIZATION modest");
  Following following(settings, log);
  expect_level(following);
}

TEST_F(PostgresTrouble, TooManyConnections) {
  as_superuser(
      "DROP ROLE IF EXISTS crowded; CREATE ROLE crowded LOGIN SUPERUSER CONNECTION LIMIT 0;"
      "ALTER ROLE crowded NOSUPERUSER");
  settings.connection = cluster.connection(database, "user=crowded");
  EXPECT_EQ(opening().kind, Trouble::Kind::passing);
  EXPECT_THAT(opening().message, HasSubstr("takes no more connections"));
}

}  // namespace
}  // namespace callstate::projections::postgres
