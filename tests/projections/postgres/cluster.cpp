#include "projections/postgres/cluster.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <pqxx/pqxx>
#include <stdexcept>
#include <thread>
#include <vector>

namespace callstate::projections::postgres {
namespace {

/// Whom PostgreSQL runs as. `nobody` is everywhere, `postgres` where it is installed.
const passwd* unprivileged() {
  if (geteuid() != 0) return nullptr;
  const auto* found = getpwnam("postgres");
  return found != nullptr ? found : getpwnam("nobody");
}

void become(const passwd& user) {
  if (setgroups(0, nullptr) != 0 || setgid(user.pw_gid) != 0 || setuid(user.pw_uid) != 0)
    _exit(126);
}

/// Its output goes to a file beside its data.
pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
  const auto* user = unprivileged();
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t child = fork();
  if (child != 0) return child;
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (file >= 0) {
    dup2(file, 1);
    dup2(file, 2);
  }
  setpgid(0, 0);
  if (user != nullptr) become(*user);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);  // nothing outlives a test that has crashed
  execv(words.front(), words.data());
  _exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) throw std::runtime_error("no such child");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string program(const std::string& name) {
  return std::string(CALLSTATE_POSTGRES_BIN) + "/" + name;
}

}  // namespace

Cluster& Cluster::shared() {
  static Cluster cluster;
  static const bool started = (cluster.start(), true);
  (void)started;
  return cluster;
}

Cluster::Cluster(std::map<std::string, std::string> settings) {
  std::string pattern = "/tmp/callstate-postgres-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  folder_ = pattern;
  if (const auto* user = unprivileged()) {
    if (chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("chown");
  }
  const auto data = folder_ + "/data";
  const auto made = wait_for(spawn({program("initdb"), "-D", data, "-U", "postgres", "-A", "trust",
                                    "-E", "UTF8", "--locale=C", "--no-sync"},
                                   folder_ + "/initdb.log"));
  if (made != 0) throw std::runtime_error("initdb failed: see " + folder_ + "/initdb.log");
  // Loopback only by being a socket only; nothing here must outlive a power cut.
  settings.insert({{"listen_addresses", "''"},
                   {"unix_socket_directories", "'" + folder_ + "'"},
                   {"fsync", "off"},
                   {"max_connections", "40"},
                   {"shared_buffers", "64MB"},
                   {"autovacuum_naptime", "5s"}});
  std::ofstream conf(data + "/postgresql.conf", std::ios::app);
  for (const auto& [name, value] : settings) conf << name << " = " << value << "\n";
  std::ofstream access(data + "/pg_hba.conf");
  access << "local all with_password scram-sha-256\nlocal all all trust\n";
}

Cluster::~Cluster() {
  stop();
  std::filesystem::remove_all(folder_);
}

void Cluster::start() {
  pid_ = spawn({program("postgres"), "-D", folder_ + "/data"}, folder_ + "/postgres.log");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < until) {
    try {
      const pqxx::connection probe(connection("postgres"));
      return;
    } catch (const std::exception&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // of another program's start
    }
  }
  throw std::runtime_error("PostgreSQL does not start: see " + folder_ + "/postgres.log");
}

void Cluster::signal_and_wait(int signal) {
  if (pid_ == 0) return;
  ::kill(pid_, signal);
  (void)wait_for(std::exchange(pid_, 0));
}

void Cluster::kill() {
  // They are of a group of their own each, and would end by themselves only once they
  // have noticed.
  ::kill(pid_, SIGSTOP);  // or it would start others
  std::vector<pid_t> children;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
    std::ifstream list(task.path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  for (const auto child : children) ::kill(child, SIGKILL);
  signal_and_wait(SIGKILL);
}

void Cluster::stop() {
  signal_and_wait(SIGINT);
}

std::string Cluster::create_database() {
  auto name = "test_" + std::to_string(++databases_);
  execute("postgres", "CREATE DATABASE " + name);
  return name;
}

std::string Cluster::connection(const std::string& database, const std::string& more) const {
  const auto user = more.contains("user=") ? std::string() : " user=postgres";
  return "host=" + folder_ + " dbname=" + database + user + " " + more;
}

void Cluster::execute(const std::string& database, const std::string& sql) const {
  pqxx::connection connected(connection(database));
  pqxx::nontransaction work(connected);
  work.exec(sql);
}

}  // namespace callstate::projections::postgres
