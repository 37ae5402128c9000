#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench/figure.hpp"

namespace callstate::bench {

/// A server in a process of its own, which ends with this object, by SIGKILL:
/// there is no gentle stop. What it says on standard error goes to a file.
class ServerProcess {
 public:
  /// Starts it and waits for the line that says where it listens. Given a core,
  /// it keeps to that one.
  ServerProcess(const std::vector<std::string>& command, const std::string& error_file,
                std::optional<int> core = std::nullopt);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Its resident memory.
  [[nodiscard]] double rss_kib() const;
  /// The same, once it has stood still for a second.
  [[nodiscard]] double settled_rss_kib() const;

  /// What its threads have used since it began.
  struct Usage {
    double cpu_us = 0;
    double switches = 0;  // waits for something, in number
  };
  [[nodiscard]] Usage usage() const;

  /// `serve --dev` on this data directory, with limits that are not in the way.
  static std::vector<std::string> callstate(const Options& options, const std::string& data_dir);
  static std::vector<std::string> beast_echo();

 private:
  void end();
  void read_ready_line(int output);

  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

/// A token that `serve --dev` takes.
std::string development_token(std::string_view user);

/// Keeps the calling thread, and what it starts from now on, to one core.
void keep_to_core(int core);

/// Lets this process and those it starts open so many files.
void allow_open_files(std::size_t files);

}  // namespace callstate::bench
