#include "tools/bench/server_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "tools/callstate/dev_secret.hpp"
#include "transports/jwt_mint.hpp"

namespace callstate::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto ready_timeout = 120s;

[[noreturn]] void become(const std::vector<char*>& arguments, const char* error_file, int output,
                         std::optional<int> core) {
  // Whatever becomes of the benchmark, the server does not outlive it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (core) keep_to_core(*core);
  const int errors = ::open(error_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  ::dup2(output, STDOUT_FILENO);
  if (errors >= 0) ::dup2(errors, STDERR_FILENO);
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& command, const std::string& error_file,
                             std::optional<int> core) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) become(arguments, error_file.c_str(), ends[1], core);
  ::close(ends[1]);
  if (pid_ > 0) read_ready_line(ends[0]);
  ::close(ends[0]);
  if (port_ != 0) return;
  end();
  throw std::runtime_error(command.front() + " did not start; it says why in " + error_file);
}

ServerProcess::~ServerProcess() {
  end();
}

void ServerProcess::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

void ServerProcess::read_ready_line(int output) {
  const auto until = std::chrono::steady_clock::now() + ready_timeout;
  std::string text;
  while (!text.ends_with('\n')) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd readable{output, POLLIN, 0};
    char part[256];
    if (left <= 0ms || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return;
    const auto size = ::read(output, part, sizeof part);
    if (size <= 0) return;
    text.append(part, static_cast<std::size_t>(size));
  }
  port_ = static_cast<std::uint16_t>(std::stoul(text.substr(text.rfind(':') + 1)));
}

double ServerProcess::rss_kib() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib;
  }
  throw std::runtime_error("the server has gone");
}

double ServerProcess::settled_rss_kib() const {
  constexpr double still_kib = 64;
  double before = rss_kib();
  for (int second = 0; second < 30; ++second) {
    std::this_thread::sleep_for(1s);
    const double now = rss_kib();
    if (std::abs(now - before) <= still_kib) return now;
    before = now;
  }
  return before;
}

ServerProcess::Usage ServerProcess::usage() const {
  Usage used;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
    double ran_ns = 0;
    std::ifstream(thread.path() / "schedstat") >> ran_ns;
    used.cpu_us += ran_ns / 1'000;
    std::ifstream status(thread.path() / "status");
    double switches = 0;
    for (std::string word; status >> word;) {
      if (word == "voluntary_ctxt_switches:" && status >> switches) used.switches += switches;
    }
  }
  return used;
}

std::vector<std::string> ServerProcess::callstate(const Options& options,
                                                  const std::string& data_dir) {
  return {options.server, "serve",        "--dev",       "--listen", "127.0.0.1:0",
          "--data-dir",   data_dir,       "--log-level", "warning",  "--rate-messages",
          "1000000/s",    "--rate-calls", "1000000/m"};
}

std::vector<std::string> ServerProcess::beast_echo() {
  return {"/proc/self/exe", "--beast-echo"};
}

std::string development_token(std::string_view user) {
  const auto now = std::chrono::floor<call::Duration>(std::chrono::system_clock::now());
  return transports::mint_token(
      tools::development_secret,
      {.user = user, .tenant = "bench", .issued = now, .expires = now + std::chrono::hours(1)});
}

void keep_to_core(int core) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(core, &only);
  if (::sched_setaffinity(0, sizeof only, &only) != 0) {
    throw std::runtime_error("there is no core " + std::to_string(core));
  }
}

void allow_open_files(std::size_t files) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= files) return;
  if (limit.rlim_max < files) limit.rlim_max = files;  // for those who may
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    throw std::runtime_error("the system does not allow " + std::to_string(files) +
                             " open files (ulimit -n)");
  }
}

}  // namespace callstate::bench
