#include "tools/callstate/serve_projections.hpp"

#include <random>

namespace callstate::tools {
namespace {

// Two connections, a duplicate of each, and what opens them.
constexpr std::size_t postgres_descriptors_max = 10;

projections::FollowerPorts ports(const ServedProjections::Surroundings& around) {
  return {.clock = around.clock,
          .random = [bits = std::mt19937_64(std::random_device()())]() mutable { return bits(); },
          .tell =
              [log = around.log](projections::Weight weight, const std::string& sentence) {
                switch (weight) {
                  case projections::Weight::info:
                    return log->info("{}", sentence);
                  case projections::Weight::warning:
                    return log->warn("{}", sentence);
                  case projections::Weight::error:
                    return log->error("{}", sentence);
                }
              }};
}

bool wants_postgres(const ServeSettings& settings) {
  return !settings.postgres.connection.empty() || !settings.postgres.file.empty();
}

}  // namespace

std::size_t ServedProjections::descriptors(const ServeSettings& settings) {
  return (settings.no_index ? 0 : 2 * storage::index_descriptors_max) +
         (wants_postgres(settings) ? postgres_descriptors_max : 0) +
         (settings.webhooks.url.empty() ? 0 : storage::outbox_descriptors_max);
}

std::expected<std::unique_ptr<ServedProjections>, std::string> ServedProjections::make(
    const ServeSettings& settings, const Surroundings& around) {
  const auto say = [log = around.log](bool bad, std::string_view line) {
    log->log(bad ? spdlog::level::warn : spdlog::level::info, "{}", line);
  };
  auto webhooks = WebhookService::make(settings.webhooks, {.log = around.store.reader(),
                                                           .log_id = around.store.log_id(),
                                                           .data_dir = around.data_dir,
                                                           .clock = around.clock,
                                                           .say = say});
  if (!webhooks) return std::unexpected(webhooks.error());
  const auto postgres = postgres_settings(settings.postgres);
  if (!postgres) return std::unexpected(postgres.error());

  std::unique_ptr<ServedProjections> made(new ServedProjections);
  std::vector<ProjectionService::Served> served;
  if (!settings.no_index) {
    made->history_ =
        std::make_unique<ServedHistory>(around.store, around.data_dir, ports(around),
                                        [say](const std::string& why) { say(true, why); });
    served.push_back({&made->history_->runner(), &made->history_->maintenance()});
  }
  if (!postgres->connection.empty()) {
    made->postgres_ = std::make_unique<PostgresService>(*postgres, around.store.reader(),
                                                        around.store.log_id(), ports(around));
    served.push_back({&made->postgres_->runner(), &made->postgres_->maintenance()});
  }
  made->webhooks_ = *std::move(webhooks);
  if (made->webhooks_) {
    served.push_back({&made->webhooks_->runner(), nullptr,
                      "webhooks cannot be made anew or verified: what a receiver was told cannot "
                      "be taken back, and is kept nowhere; `callstate webhooks` sends those again "
                      "that were given up"});
  }
  made->service_.emplace(std::move(served), around.clock, say);
  return made;
}

// No job waits for PostgreSQL for ever, and with it who waits for the job.
ServedProjections::~ServedProjections() {
  if (postgres_) postgres_->end_soon();
}

void ServedProjections::start() {
  if (history_) history_->start();
  if (postgres_) postgres_->start();
  if (webhooks_) webhooks_->start();
}

void ServedProjections::stop() {
  if (postgres_) postgres_->end_soon();
  service_->stop();
  if (history_) history_->stop();
  if (postgres_) postgres_->stop();
  if (webhooks_) webhooks_->stop();
}

std::optional<transports::HttpResponse> ServedProjections::answer(
    const transports::HttpRequest& request) {
  auto answer = service_->answer(request);
  if (!answer && webhooks_) answer = webhooks_->answer(request);
  return answer;
}

const history::HistoryReader* ServedProjections::reader() const {
  return history_ ? &history_->reader() : nullptr;
}

void ServedProjections::copy_index(const std::filesystem::path& to) const {
  // Without it a tool reads the whole log.
  if (history_) (void)history_->index().copy_to(to);
}

ProjectionStatuses ServedProjections::statuses() const {
  ProjectionStatuses statuses;
  if (history_) statuses.push_back(history_->runner().status());
  if (postgres_) statuses.push_back(postgres_->runner().status());
  if (webhooks_) statuses.push_back(webhooks_->runner().status());
  return statuses;
}

std::optional<projections::WebhookReading> ServedProjections::webhook_reading() const {
  return webhooks_ ? std::optional(webhooks_->reading()) : std::nullopt;
}

}  // namespace callstate::tools
