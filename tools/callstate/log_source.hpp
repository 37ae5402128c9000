#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/engine/ports.hpp"
#include "core/history/ports.hpp"
#include "tools/callstate/report/statistics_page.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace CLI {
class App;
}

namespace callstate::tools {

/// Which log a tool looks at: a directory that no server uses, or the log of a
/// server that runs on this machine, by a checkpoint.
struct LogOptions {
  std::string data_dir = "./callstate-data";
  std::string server;   // its URL; empty: the directory
  std::string ca_file;  // who else vouches for it by https
  std::string token;    // empty: the development secret's
};

/// `role`: whose token a server asks for.
void add_log_options(CLI::App& app, LogOptions& options,
                     const std::string& role = "AUDITOR or SERVICE");

/// An open log. A checkpoint made for it is removed with it.
class LogSource {
 public:
  /// The failure says what to do. Exit::found: there is a log, and it is
  /// damaged.
  static std::expected<std::unique_ptr<LogSource>, Trouble> open(const LogOptions& options);

  virtual ~LogSource() = default;
  [[nodiscard]] virtual const engine::LogReader& reader() const = 0;
  [[nodiscard]] virtual engine::SnapshotStore& snapshots() = 0;
  /// The index of calls beside it; the failure says, in a sentence, why there is none
  /// that can be used.
  [[nodiscard]] virtual std::expected<const history::RecordFinder*, std::string> finder() = 0;
  [[nodiscard]] virtual LogAbout about() = 0;
  /// The directory that it is read from; of a checkpoint for as long as this lives.
  [[nodiscard]] virtual std::filesystem::path path() const = 0;
  /// The tenant to look at, nothing for all: the asked-for one, if not empty.
  /// An auditor of a running server sees its own and no other.
  [[nodiscard]] virtual std::expected<std::optional<call::TenantId>, Trouble> tenant(
      const std::string& asked) const = 0;
  /// Of one that `import` made: whether it is a part of a log, what its export's first
  /// line was, and where a record was in the log that it is a part of.
  [[nodiscard]] virtual bool is_part() const = 0;
  [[nodiscard]] virtual const std::string& carried() const = 0;
  [[nodiscard]] virtual call::Position original(call::Position position) const = 0;
  /// Reads every block of every file.
  [[nodiscard]] virtual std::expected<void, engine::Failure> verify_checksums() const = 0;
};

/// The trouble with a tool that reads the whole log, of every tenant, for an auditor of
/// one.
std::expected<void, Trouble> may_read_all(const LogSource& log);

}  // namespace callstate::tools
