#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/engine/ports.hpp"
#include "projections/runner.hpp"
#include "projections/webhooks/sender.hpp"
#include "projections/webhooks/webhooks.hpp"
#include "storage/webhook_outbox.hpp"
#include "tools/callstate/serve_settings.hpp"
#include "transports/http.hpp"

namespace callstate::tools {

/// The outgoing webhooks of a server, put together: the outbox in the data
/// directory, the projection that fills it and the thread that sends. And what a
/// back end may ask about those that were given up:
///
///   GET    /v1/webhooks/dead             200 {"webhooks": [{"id", …}], "total", "next"?}
///   POST   /v1/webhooks/dead/{id}/retry  204: it is sent again
///   DELETE /v1/webhooks/dead/{id}        204: it is forgotten
///
/// For the role SERVICE, and of its own tenant: those of others are not there.
class WebhookService {
 public:
  /// The log that is told of, where the outbox is kept, and who is told how it fares.
  struct Surroundings {
    const engine::LogReader& log;
    std::string log_id;
    std::filesystem::path data_dir;
    const engine::Clock& clock;
    projections::Sender::Say say;
  };
  /// None where no URL is given. The failure says which setting is wrong.
  static std::expected<std::unique_ptr<WebhookService>, std::string> make(
      const WebhookSettings& settings, const Surroundings& around);

  void start();
  void stop();
  [[nodiscard]] projections::Runner& runner() { return runner_; }

  [[nodiscard]] projections::WebhookReading reading() const { return sender_.reading(); }

  /// The answer, or nothing when the path is not one of these. Any thread.
  std::optional<transports::HttpResponse> answer(const transports::HttpRequest& request);

 private:
  WebhookService(const WebhookSettings& settings, std::vector<projections::SigningKey> keys,
                 std::unique_ptr<projections::HttpClient> client, const Surroundings& around);

  transports::HttpResponse list(const transports::HttpRequest& request);
  transports::HttpResponse retry(const call::TenantId& tenant, const std::string& id);
  transports::HttpResponse forget(const call::TenantId& tenant, const std::string& id);

  const engine::Clock& clock_;
  storage::WebhookOutbox outbox_;
  projections::Sender sender_;
  projections::Webhooks projection_;
  projections::Runner runner_;
};

}  // namespace callstate::tools
