// Users from PostgreSQL: cached, and still known while it is away.

#include <condition_variable>
#include <mutex>
#include <set>

#include "projections/postgres/directory.hpp"
#include "projections/postgres/fixture.hpp"

namespace callstate::projections::postgres {
namespace {

using engine::Directory;
using engine::Profile;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr std::string_view anna = "0b0e7a54-0000-4000-8000-000000000001";
constexpr std::string_view carl = "0b0e7a54-0000-4000-8000-000000000002";
constexpr std::string_view nobody = "0b0e7a54-0000-4000-8000-00000000000f";

call::UserId user(std::string_view id) {
  return call::UserId::clipped(id);
}

class PostgresDirectoryTest : public PostgresTest {
 protected:
  PostgresDirectoryTest() {
    cluster.execute(
        database,
        "CREATE TABLE users (supabase_user_id uuid PRIMARY KEY, tenant_id text, name text);"
        "CREATE TABLE portal_customers (LIKE users INCLUDING ALL);"
        "INSERT INTO users VALUES ('" +
            std::string(anna) +
            "', 'acme', 'Anna');"
            "INSERT INTO portal_customers VALUES ('" +
            std::string(carl) + "', 'globex', NULL)");
    directory_settings.connection = settings.connection;
  }

  std::unique_ptr<PostgresDirectory> open() {
    return std::make_unique<PostgresDirectory>(directory_settings, [this] { return now.load(); });
  }
  /// Asks and waits.
  static Directory::Answer ask(Directory& directory, std::string_view id) {
    std::mutex mutex;
    std::condition_variable came;
    std::optional<Directory::Answer> answer;
    directory.look_up(user(id), [&](const Directory::Answer& given) {
      const std::scoped_lock lock(mutex);
      answer = given;
      came.notify_one();
    });
    std::unique_lock lock(mutex);
    came.wait(lock, [&] { return answer.has_value(); });
    return *answer;
  }
  void rename(std::string_view to) const {
    cluster.execute(database, "UPDATE users SET name = '" + std::string(to) + "'");
  }
  void break_it() const { cluster.execute(database, "ALTER TABLE users RENAME TO away"); }
  void mend_it() const { cluster.execute(database, "ALTER TABLE away RENAME TO users"); }

  DirectorySettings directory_settings;
  std::atomic<std::chrono::steady_clock::time_point> now{std::chrono::steady_clock::time_point{} +
                                                         24h};
  void wait(std::chrono::milliseconds time) { now = now.load() + time; }

  const Profile anna_then{call::TenantId::clipped("acme"), call::Role::crm_user, "Anna"};
};

TEST_F(PostgresDirectoryTest, KnowsUsersAndPortalCustomers) {
  const auto directory = open();
  EXPECT_EQ(ask(*directory, anna), anna_then);
  const Profile customer{call::TenantId::clipped("globex"), call::Role::portal_customer, ""};
  EXPECT_EQ(ask(*directory, carl), customer);
  for (const auto id :
       {nobody, std::string_view("no uuid at all"), std::string_view("'; DROP --")}) {
    const auto none = ask(*directory, id);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().refusal, Directory::Refusal::unknown);
  }
}

TEST_F(PostgresDirectoryTest, RemembersForAMinute) {
  const auto directory = open();
  EXPECT_EQ(directory->cached(user(anna)), std::nullopt);
  (void)ask(*directory, anna);
  EXPECT_EQ(directory->cached(user(anna)), anna_then);
  rename("Anne");
  wait(59s);
  EXPECT_EQ(ask(*directory, anna)->name, "Anna");
  EXPECT_EQ(directory->counts().asked, 1U);
  wait(2s);
  EXPECT_EQ(directory->cached(user(anna)), std::nullopt);
  EXPECT_EQ(ask(*directory, anna)->name, "Anne");
}

TEST_F(PostgresDirectoryTest, ForgetsWhoIsGone) {
  const auto directory = open();
  (void)ask(*directory, anna);
  cluster.execute(database, "DELETE FROM users");
  wait(61s);
  EXPECT_FALSE(ask(*directory, anna));
  break_it();
  EXPECT_FALSE(ask(*directory, anna)) << "it was told that there is no such user";
}

TEST_F(PostgresDirectoryTest, ForgetsWhomItRefuses) {
  directory_settings.queries = {
      "SELECT tenant_id, name, name FROM users WHERE supabase_user_id = $1"};
  rename("CRM_USER");
  const auto directory = open();
  EXPECT_TRUE(ask(*directory, anna));
  rename("DISABLED");
  wait(61s);
  EXPECT_FALSE(ask(*directory, anna));
  EXPECT_EQ(directory->remembered(user(anna)), std::nullopt);
  break_it();
  EXPECT_FALSE(ask(*directory, anna)) << "it was told that she is not to get in";
}

TEST_F(PostgresDirectoryTest, MakesNobodyWaitWhoIsKnownWhileItIsInTrouble) {
  const auto directory = open();
  (void)ask(*directory, anna);
  wait(61s);
  break_it();
  EXPECT_EQ(ask(*directory, anna), anna_then);
  mend_it();
  rename("Anne");
  {
    pqxx::connection other(settings.connection);
    pqxx::work blocking(other);
    blocking.exec("LOCK TABLE users");
    wait(251ms);
    EXPECT_EQ(ask(*directory, anna), anna_then) << "while it is asked whether it is well";
    blocking.abort();
  }
  while (!directory->cached(user(anna))) std::this_thread::yield();
  EXPECT_EQ(ask(*directory, anna)->name, "Anne");
}

TEST_F(PostgresDirectoryTest, GivesUpAConnectionThatDoesNotAnswer) {
  directory_settings.answer_timeout = 200ms;
  const auto directory = open();
  (void)ask(*directory, anna);
  const Silence silence(backends("callstate directory"));
  ASSERT_EQ(silence.size(), 1U);
  wait(61s);
  EXPECT_EQ(ask(*directory, anna), anna_then) << "it is asked by another connection";
  EXPECT_EQ(directory->counts().asked, 2U);
}

TEST_F(PostgresDirectoryTest, EndsThoughTheDatabaseDoesNotAnswer) {
  directory_settings.connections = 1;
  directory_settings.answer_timeout = 24h;
  auto directory = open();
  (void)ask(*directory, anna);
  const Silence silence(backends("callstate directory"));
  std::optional<Directory::Answer> answer;
  directory->look_up(user(carl), [&](const Directory::Answer& given) { answer = given; });
  directory.reset();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().refusal, Directory::Refusal::unavailable);
}

TEST_F(PostgresDirectoryTest, SaysWhatIsWrongWithItsQueries) {
  cluster.execute(database, "CREATE ROLE reader LOGIN");
  const auto said = [&](const std::string& query) {
    directory_settings.queries = {query};
    const auto answer = ask(*open(), anna);
    EXPECT_FALSE(answer);
    return answer ? std::string() : answer.error().message;
  };
  for (const auto* query : {"SELEC $1", "SELECT nope FROM users WHERE supabase_user_id = $1",
                            "SELECT $1 FROM nonesuch"})
    EXPECT_THAT(said(query), HasSubstr("correct --directory-query"));
  EXPECT_THAT(said("SELECT 'acme', 'CRM_USER', 'x' WHERE $1 <> $2"),
              HasSubstr("other parameters than $1"));
  directory_settings.connection = cluster.connection(database, "user=reader");
  EXPECT_THAT(said("SELECT tenant_id, 'CRM_USER', name FROM users WHERE supabase_user_id = $1"),
              HasSubstr("GRANT it SELECT"));
}

TEST_F(PostgresDirectoryTest, GoesOnWithWhomItKnowsWhileTheDatabaseIsAway) {
  directory_settings.stale_max = 1h;
  const auto directory = open();
  (void)ask(*directory, anna);
  break_it();
  wait(30min);
  EXPECT_EQ(ask(*directory, anna), anna_then);
  const auto stranger = ask(*directory, carl);
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().refusal, Directory::Refusal::unavailable);
  EXPECT_THAT(stranger.error().message, HasSubstr("the directory cannot be asked"));
  EXPECT_EQ(directory->counts().stale, 1U);
  EXPECT_EQ(directory->counts().unavailable, 1U);
  wait(31min);
  EXPECT_FALSE(ask(*directory, anna)) << "that is too long ago";
  mend_it();
  wait(1min);
  EXPECT_EQ(ask(*directory, anna), anna_then);
}

TEST_F(PostgresDirectoryTest, RemembersWhatIsNoLongerFresh) {
  directory_settings.stale_max = 1h;
  const auto directory = open();
  EXPECT_EQ(directory->remembered(user(anna)), std::nullopt);
  (void)ask(*directory, anna);
  EXPECT_EQ(directory->counts().cached, 1U);
  wait(30min);
  EXPECT_EQ(directory->cached(user(anna)), std::nullopt);
  EXPECT_EQ(directory->remembered(user(anna)), anna_then);
  EXPECT_EQ(directory->counts().asked, 1U) << "it was asked for";
  wait(31min);
  EXPECT_EQ(directory->remembered(user(anna)), std::nullopt);
}

TEST_F(PostgresDirectoryTest, LeavesADatabaseInTroubleAlone) {
  const auto directory = open();
  break_it();
  EXPECT_FALSE(ask(*directory, anna));
  EXPECT_FALSE(ask(*directory, anna));
  EXPECT_EQ(directory->counts().troubles, 1U) << "it was asked again at once";
  wait(251ms);
  EXPECT_FALSE(ask(*directory, anna));
  wait(251ms);
  EXPECT_FALSE(ask(*directory, anna));
  EXPECT_EQ(directory->counts().troubles, 2U) << "the pause does not grow";
}

TEST_F(PostgresDirectoryTest, SurvivesALostConnection) {
  const auto directory = open();
  (void)ask(*directory, anna);
  cluster.execute(database,
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                  "'callstate directory' AND datname = current_database()");
  wait(61s);
  EXPECT_EQ(ask(*directory, anna), anna_then);
  EXPECT_EQ(directory->counts().troubles, 0U);
}

TEST_F(PostgresDirectoryTest, ForgetsTheLongestUnusedFirst) {
  directory_settings.cached_max = 2;
  directory_settings.queries = {"SELECT 'acme', 'SERVICE', $1::text"};
  const auto directory = open();
  for (const auto id : {"a", "b"}) (void)ask(*directory, id);
  EXPECT_TRUE(directory->cached(user("a")));
  (void)ask(*directory, "c");
  EXPECT_TRUE(directory->cached(user("a")));
  EXPECT_FALSE(directory->cached(user("b")));
}

TEST_F(PostgresDirectoryTest, RefusesWhatAQueryGivesThatIsNoIdentity) {
  for (const auto* query :
       {"SELECT '', 'CRM_USER', 'x' WHERE $1 <> ''", "SELECT 'acme', 'BOSS', 'x' WHERE $1 <> ''",
        "SELECT 'acme', 'SYSTEM', 'x' WHERE $1 <> ''",
        "SELECT E'ac\\nme', 'CRM_USER', 'x' WHERE $1 <> ''",
        "SELECT NULL, 'CRM_USER', 'x' WHERE $1 <> ''", "SELECT 'acme' WHERE $1 <> ''"}) {
    directory_settings.queries = {query};
    const auto directory = open();
    const auto answer = ask(*directory, anna);
    ASSERT_FALSE(answer) << query;
    EXPECT_EQ(answer.error().refusal, Directory::Refusal::unknown);
  }
}

TEST_F(PostgresDirectoryTest, SaysNoPassword) {
  directory_settings.connection =
      "host=" + cluster.folder() + " port=1 password=geheim user=x dbname=y";
  const auto answer = ask(*open(), anna);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().refusal, Directory::Refusal::unavailable);
  EXPECT_THAT(answer.error().message, Not(HasSubstr("geheim")));
}

TEST_F(PostgresDirectoryTest, AsksOnceForManyAndRefusesTooMany) {
  directory_settings.connections = 1;
  directory_settings.waiting_max = 2;
  // Everybody waits for this lock.
  pqxx::connection other(settings.connection);
  pqxx::work blocking(other);
  blocking.exec("LOCK TABLE users");
  auto directory = open();
  std::mutex mutex;
  std::multiset<std::string> told;
  const auto look_up = [&](const std::string& id) {
    directory->look_up(user(id), [&mutex, &told, id](const Directory::Answer& answer) {
      const std::scoped_lock lock(mutex);
      told.insert(answer ? answer->name : answer.error().message);
    });
  };
  for (int i = 0; i < 5; ++i) look_up(std::string(anna));
  look_up(std::string(carl));
  look_up(std::string(nobody));
  {
    const std::scoped_lock lock(mutex);
    ASSERT_EQ(told.size(), 1U) << "only the one that is too many is answered yet";
    EXPECT_THAT(*told.begin(), HasSubstr("too many look-ups"));
  }
  blocking.abort();
  (void)ask(*directory, anna);
  directory.reset();
  EXPECT_EQ(told.count("Anna"), 5U);
  EXPECT_EQ(told.size(), 7U) << "somebody was never answered";
}

}  // namespace
}  // namespace callstate::projections::postgres
