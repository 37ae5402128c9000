#include "tools/callstate/log_source.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <utility>

#include "storage/call_index.hpp"
#include "storage/store.hpp"
#include "storage/stored_call_index.hpp"
#include "tools/callstate/checkpoint_client.hpp"

namespace callstate::tools {
namespace {

namespace fs = std::filesystem;

constexpr auto default_server = "http://127.0.0.1:7480";

std::unexpected<Trouble> unusable(std::string message) {
  return std::unexpected(Trouble{Exit::unusable, std::move(message)});
}

std::uint64_t bytes_in(const fs::path& directory) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(directory, error)) {
    if (const auto size = file.is_regular_file(error) ? file.file_size(error) : 0; !error) {
      sum += size;
    }
  }
  return sum;
}

class OpenLog final : public LogSource {
 public:
  OpenLog(std::unique_ptr<storage::StoredLog> log, fs::path path, std::unique_ptr<Checkpoint> made)
      : checkpoint_(std::move(made)), path_(std::move(path)), log_(std::move(log)) {}

  [[nodiscard]] const engine::LogReader& reader() const override { return log_->reader(); }
  [[nodiscard]] engine::SnapshotStore& snapshots() override { return log_->snapshots(); }
  [[nodiscard]] std::expected<const history::RecordFinder*, std::string> finder() override {
    if (!index_) {
      auto opened = storage::StoredCallIndex::open(
          path_ / "index", storage::index_log_id(log_->log_id(), log_->reader().first()),
          log_->reader().head());
      if (!opened) return std::unexpected(opened.error());
      index_ = std::move(*opened);
    }
    return index_.get();
  }
  [[nodiscard]] fs::path path() const override { return path_; }
  [[nodiscard]] LogAbout about() override {
    return {.path = checkpoint_ ? checkpoint_->server()
                                : fs::absolute(path_).lexically_normal().string(),
            .log_id = log_->log_id(),
            .format_version = log_->format_version(),
            .bytes = bytes_in(path_),
            .mark = log_->snapshots().last_mark().position,
            .first = log_->reader().first()};
  }
  [[nodiscard]] std::expected<std::optional<call::TenantId>, Trouble> tenant(
      const std::string& asked) const override {
    const std::string own = checkpoint_ ? checkpoint_->tenant() : std::string();
    if (!own.empty() && !asked.empty() && asked != own) {
      return unusable("--tenant: an AUDITOR reads the calls of its token's own tenant, " + own +
                      ", and of no other.");
    }
    const std::string& which = own.empty() ? asked : own;
    return which.empty() ? std::nullopt : std::optional(call::TenantId::clipped(which));
  }
  [[nodiscard]] bool is_part() const override { return log_->is_part(); }
  [[nodiscard]] const std::string& carried() const override { return log_->carried(); }
  [[nodiscard]] call::Position original(call::Position position) const override {
    return log_->original(position);
  }
  [[nodiscard]] std::expected<void, engine::Failure> verify_checksums() const override {
    return log_->verify_checksums();
  }

 private:
  std::unique_ptr<Checkpoint> checkpoint_;  // goes after the log is closed
  fs::path path_;
  std::unique_ptr<storage::StoredLog> log_;
  std::unique_ptr<storage::StoredCallIndex> index_;  // opened when it is asked for
};

/// Storage's words on a directory that a process has, in the words of a tool
/// that can ask that process.
Trouble in_use(const fs::path& path, std::string_view message) {
  constexpr std::string_view before_pid = "by process ";
  std::string who = "by a running server";
  if (const auto at = message.find(before_pid); at != message.npos) {
    const auto pid = message.substr(at + before_pid.size());
    who += " (pid " + std::string(pid.substr(0, pid.find_first_not_of("0123456789"))) + ")";
  }
  return {Exit::unusable, path.string() + " is in use " + who + "; ask it: --server " +
                              default_server + " --token JWT (with --dev it needs no token)."};
}

std::expected<std::unique_ptr<LogSource>, Trouble> open_directory(
    const fs::path& path, std::unique_ptr<Checkpoint> checkpoint) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return unusable("There is no directory " + path.string() +
                    ". Say with --data-dir where the log lives, or ask a running server with "
                    "--server " +
                    default_server + ".");
  }
  auto log = storage::StoredLog::open(path);
  if (log) return std::make_unique<OpenLog>(std::move(*log), path, std::move(checkpoint));
  const std::string& message = log.error().message;
  if (message.find(" is in use by ") != message.npos) {
    return std::unexpected(in_use(path, message));
  }
  const bool damaged =
      message.find("damaged") != message.npos || message.find("missing") != message.npos;
  return std::unexpected(Trouble{damaged ? Exit::found : Exit::unusable, message + "."});
}

}  // namespace

void add_log_options(CLI::App& app, LogOptions& options, const std::string& role) {
  constexpr auto group = "Which log";
  app.add_option("--data-dir", options.data_dir,
                 "a log that no server is using, or a checkpoint of one")
      ->envname("CALLSTATE_DATA_DIR")
      ->capture_default_str()
      ->type_name("DIR")
      ->group(group);
  app.add_option(
         "--server", options.server,
         std::string("the log of a running server on this machine, such as ") + default_server)
      ->type_name("URL")
      ->group(group);
  app.add_option("--ca-file", options.ca_file,
                 "further certificate authority (PEM) for its https address")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--token", options.token,
                 "token of the role " + role + " for it; not needed when it runs with --dev")
      ->envname("CALLSTATE_TOKEN")
      ->type_name("JWT")
      ->group(group);
}

std::expected<std::unique_ptr<LogSource>, Trouble> LogSource::open(const LogOptions& options) {
  if (options.server.empty()) return open_directory(options.data_dir, nullptr);
  auto checkpoint = Checkpoint::make(options.server, options.ca_file, options.token);
  if (!checkpoint) return std::unexpected(checkpoint.error());
  const fs::path path = (*checkpoint)->path();
  return open_directory(path, std::move(*checkpoint));
}

std::expected<void, Trouble> may_read_all(const LogSource& log) {
  const auto tenant = log.tenant({});
  if (!tenant) return std::unexpected(tenant.error());
  if (!*tenant) return {};
  return unusable(
      "This reads every tenant's calls, and an AUDITOR reads those of "
      "its own tenant only: give a token of the role SERVICE.");
}

}  // namespace callstate::tools
