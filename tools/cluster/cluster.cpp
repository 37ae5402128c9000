#include "tools/cluster/cluster.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <pqxx/pqxx>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace callstate::tools {
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

/// Debian keeps them out of the way of PATH, by version.
std::string program(const std::string& name) {
  const auto packaged = "/usr/lib/postgresql/15/bin/" + name;
  if (access(packaged.c_str(), X_OK) == 0) return packaged;
  std::istringstream path(getenv("PATH") == nullptr ? "" : getenv("PATH"));
  for (std::string folder; std::getline(path, folder, ':');) {
    auto found = folder + "/" + name;
    if (access(found.c_str(), X_OK) == 0) return found;
  }
  throw std::runtime_error("there is no PostgreSQL here: install the package postgresql-15");
}

}  // namespace

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
      if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = 0;
        break;
      }
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
  // Its processes are of a group of their own each, and would end by themselves only
  // once they have noticed. Stopped, it starts no others.
  ::kill(pid_, SIGSTOP);
  int status = 0;
  if (waitpid(pid_, &status, WUNTRACED) != pid_ || !WIFSTOPPED(status))
    throw std::runtime_error("PostgreSQL ended by itself: see " + folder_ + "/postgres.log");
  std::vector<int> ends;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
    std::ifstream list(task.path() / "children");
    for (pid_t child = 0; list >> child;) {
      const auto end = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
      if (end < 0) continue;  // it has just ended
      ends.push_back(end);
      ::kill(child, SIGKILL);
    }
  }
  signal_and_wait(SIGKILL);
  // As long as one of them lives, the next server finds their shared memory in use.
  for (const int end : ends) {
    pollfd ended{.fd = end, .events = POLLIN, .revents = 0};
    while (poll(&ended, 1, -1) < 0 && errno == EINTR) continue;
    close(end);
  }
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

}  // namespace callstate::tools
