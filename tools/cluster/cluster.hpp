#pragma once

#include <sys/types.h>

#include <map>
#include <string>

namespace callstate::tools {

/// A PostgreSQL of a test's or a benchmark's own: in a temporary directory, on a
/// socket in it, gone with the program, even with one that crashes. Where the program
/// runs as root it runs as another user, as PostgreSQL demands. What fails throws
/// std::runtime_error, or what libpqxx throws.
class Cluster {
 public:
  /// Not started yet. `settings` of postgresql.conf go before those that are fast and
  /// forget everything in a power cut.
  explicit Cluster(std::map<std::string, std::string> settings = {});
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Starts it and waits until it takes connections.
  void start();
  /// SIGKILL, to the server and, since they would outlive it, its processes.
  void kill();
  /// In order, without waiting for sessions.
  void stop();

  /// A new database, empty; its name.
  std::string create_database();
  /// As the superuser; more parameters of libpq may follow.
  [[nodiscard]] std::string connection(const std::string& database,
                                       const std::string& more = {}) const;
  void execute(const std::string& database, const std::string& sql) const;

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  void signal_and_wait(int signal);

  std::string folder_;
  pid_t pid_ = 0;
  int databases_ = 0;
};

}  // namespace callstate::tools
