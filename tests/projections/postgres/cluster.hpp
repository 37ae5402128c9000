#pragma once

#include <sys/types.h>

#include <map>
#include <string>

namespace callstate::projections::postgres {

/// A PostgreSQL of the test's own: in a temporary directory, on a socket in it, gone
/// with the test. A failure to start it is a failed test.
class Cluster {
 public:
  /// The one of this program, started when it is first asked for.
  static Cluster& shared();

  /// With settings of postgresql.conf.
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

}  // namespace callstate::projections::postgres
