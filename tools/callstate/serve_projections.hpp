#pragma once

#include <spdlog/logger.h>

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/engine/ports.hpp"
#include "storage/store.hpp"
#include "tools/callstate/metrics/exposition.hpp"
#include "tools/callstate/postgres_service.hpp"
#include "tools/callstate/projection_service.hpp"
#include "tools/callstate/serve_history.hpp"
#include "tools/callstate/serve_settings.hpp"
#include "tools/callstate/webhook_service.hpp"
#include "transports/http.hpp"

namespace callstate::tools {

/// Whatever follows the log of a server: the index of calls, the rows in PostgreSQL
/// and the webhooks, each where it is asked for, and what an operator may ask of them.
class ServedProjections {
 public:
  /// All outlive it.
  struct Surroundings {
    storage::Store& store;
    std::filesystem::path data_dir;
    const engine::Clock& clock;
    std::shared_ptr<spdlog::logger> log;
  };
  /// The failure says which setting is wrong.
  static std::expected<std::unique_ptr<ServedProjections>, std::string> make(
      const ServeSettings& settings, const Surroundings& around);

  ~ServedProjections();
  ServedProjections(const ServedProjections&) = delete;
  ServedProjections& operator=(const ServedProjections&) = delete;

  /// Files and connections that they have open, at most.
  static std::size_t descriptors(const ServeSettings& settings);

  /// Follows the log from now on. Once.
  void start();
  void stop();

  // Any thread.

  /// The answer to an operator's request; nothing to any other.
  std::optional<transports::HttpResponse> answer(const transports::HttpRequest& request);
  /// Null without an index.
  [[nodiscard]] const history::HistoryReader* reader() const;
  /// Links a copy of the index of calls, as of one moment; does nothing without one.
  void copy_index(const std::filesystem::path& to) const;
  [[nodiscard]] ProjectionStatuses statuses() const;
  /// Nothing without webhooks.
  [[nodiscard]] std::optional<projections::WebhookReading> webhook_reading() const;

 private:
  ServedProjections() = default;

  std::unique_ptr<ServedHistory> history_;
  std::unique_ptr<PostgresService> postgres_;
  std::unique_ptr<WebhookService> webhooks_;
  std::optional<ProjectionService> service_;
};

}  // namespace callstate::tools
