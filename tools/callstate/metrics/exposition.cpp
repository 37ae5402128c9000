#include "tools/callstate/metrics/exposition.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <limits>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace callstate::tools {
namespace {

using engine::MessageOutcome;
using engine::MessageType;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double per_second = 1e-9;  // of what is measured in nanoseconds

/// The metric families of one answer, one after the other.
class Page {
 public:
  void family(MetricType type, std::string name, std::string help) {
    MetricFamily made;
    made.name = std::move(name);
    made.help = std::move(help);
    made.type = type;
    families_.push_back(std::move(made));
  }
  /// One sample of the family begun last.
  template <class Value>
  void sample(Value value, std::vector<ClientMetric::Label> labels = {}) {
    MetricFamily& family = families_.back();
    ClientMetric metric;
    metric.label = std::move(labels);
    const auto number = static_cast<double>(value);
    if (family.type == MetricType::Counter) {
      metric.counter.value = number;
    } else {
      metric.gauge.value = number;
    }
    family.metric.push_back(std::move(metric));
  }

  template <class Value>
  void gauge(std::string name, std::string help, Value value) {
    family(MetricType::Gauge, std::move(name), std::move(help));
    sample(value);
  }
  template <class Value>
  void counter(std::string name, std::string help, Value value) {
    family(MetricType::Counter, std::move(name), std::move(help));
    sample(value);
  }
  /// A sample for each name, which is the value of `label`.
  template <class Values, std::size_t N>
  void counters(std::string name, std::string help, const std::string& label,
                const std::array<std::string_view, N>& names, const Values& values) {
    family(MetricType::Counter, std::move(name), std::move(help));
    for (std::size_t i = 0; i < N; ++i) sample(values[i], {{label, std::string(names[i])}});
  }
  /// `unit`: of what was recorded, in what is shown.
  template <std::size_t N>
  void histogram(std::string name, std::string help, const engine::HistogramReading<N>& reading,
                 double unit = 1) {
    family(MetricType::Histogram, std::move(name), std::move(help));
    ClientMetric metric;
    std::uint64_t count = 0;
    for (std::size_t i = 0; i <= N; ++i) {
      count += reading.counts[i];
      const double bound = i < N ? static_cast<double>(reading.bounds[i]) * unit
                                 : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({count, bound});
    }
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = static_cast<double>(reading.sum) * unit;
    families_.back().metric.push_back(std::move(metric));
  }

  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return std::move(out).str();
  }

 private:
  std::vector<MetricFamily> families_;
};

/// What can become of a message of this type: the rest is left out.
bool can_become(MessageType type, MessageOutcome outcome) {
  using enum MessageOutcome;
  if (outcome == rate_limited) return true;
  switch (type) {
    case MessageType::unknown:
      return outcome == invalid;
    case MessageType::ping:
      return outcome == applied;
    case MessageType::auth:
      return outcome == applied || outcome == refused;
    case MessageType::join:
    case MessageType::leave:  // refused by HTTP
      return outcome == applied || outcome == refused || outcome == overloaded;
    default:
      return outcome != invalid;
  }
}

void show_server(Page& page, const Readings& readings) {
  const auto& server = readings.server;
  page.family(MetricType::Gauge, "callstate_build_info", "Always 1; which version this is");
  page.sample(1, {{"version", readings.version}});
  page.gauge("callstate_ready", "Whether it takes messages, as /readyz says", readings.ready);
  page.family(MetricType::Gauge, "callstate_connections", "Connections, by what they speak now");
  for (std::size_t i = 0; i < server.connections.size(); ++i) {
    page.sample(server.connections[i],
                {{"transport", std::string(transports::connection_kind_names[i])}});
  }
  page.gauge("callstate_connections_limit", "Connections there may be", readings.connections_max);
  page.family(MetricType::Counter, "callstate_connections_refused_total",
              "Connections beyond the limits of connections and of those that wait for AUTH");
  page.sample(server.connections_refused, {{"limit", "connections"}});
  page.sample(server.waiting_refused, {{"limit", "unauthenticated"}});
  page.counters("callstate_http_responses_total", "Answers to plain HTTP requests, by status",
                "class", transports::status_class_names, server.responses);
  page.counter("callstate_tls_handshake_failures_total",
               "Handshakes that failed, and other faults of TLS", server.tls_failures);
  if (readings.certificate_until_s) {
    page.gauge("callstate_tls_certificate_expiry_timestamp_seconds",
               "When the certificate expires that new connections get",
               *readings.certificate_until_s);
  }
  page.counters("callstate_auth_failures_total", "Tokens that were refused, by what is wrong",
                "reason", transports::auth_failure_names, server.auth_failures);
  page.gauge("callstate_outbound_queue_bytes",
             "Waiting to be written to sessions, all together, at the last sweep",
             server.queued_bytes);
  page.gauge("callstate_outbound_queue_max_bytes",
             "The same, of the session for which most is waiting", server.queued_bytes_max);
  page.gauge("callstate_deliveries_pending",
             "Batches that are durable and not yet taken up by an I/O thread",
             server.deliveries_pending);
}

void show_sessions(Page& page, const Readings& readings) {
  const auto& server = readings.server;
  const auto& deciding = readings.metrics.deciding;
  page.gauge("callstate_sessions", "Sessions of authenticated users", readings.engine.sessions);
  page.gauge("callstate_sessions_waiting_for_auth",
             "Sessions that have not yet sent AUTH, and who waits for the directory",
             server.waiting);
  page.counter("callstate_sessions_opened_total", "Sessions that were opened",
               deciding.sessions.value());
  page.counters("callstate_sessions_closed_total", "Sessions that the server ended, by why",
                "reason", transports::close_reason_names, server.closed);
  page.gauge("callstate_users_online", "Users who are online", readings.engine.users_online);
  page.family(MetricType::Counter, "callstate_rate_limited_total",
              "What a limit of clients has turned away");
  page.sample(server.too_many_messages, {{"limit", "messages"}});
  page.sample(server.too_many_reads, {{"limit", "reads"}});
  page.sample(deciding.too_many_calls.value(), {{"limit", "calls"}});
  page.sample(deciding.too_many_opens.value(), {{"limit", "sessions"}});
  page.sample(deciding.too_many_sessions.value(), {{"limit", "sessions_per_user"}});
  page.sample(server.too_many_polls, {{"limit", "polls"}});
  page.sample(server.too_many_logins, {{"limit", "logins"}});
}

void show_calls(Page& page, const Readings& readings) {
  page.family(MetricType::Gauge, "callstate_calls", "Calls that live, by state");
  page.sample(readings.engine.calls.ringing, {{"state", "ringing"}});
  page.sample(readings.engine.calls.connected, {{"state", "connected"}});
  page.family(MetricType::Counter, "callstate_calls_ended_total", "Calls that ended, by why");
  for (std::size_t i = 1; i < engine::end_reasons_max; ++i) {
    const auto name = call::name_of(static_cast<call::EndReason>(i));
    if (name == "?") break;
    page.sample(readings.metrics.deciding.ended[i].value(), {{"reason", std::string(name)}});
  }
  page.gauge("callstate_rooms_in_memory", "Rooms whose state is in memory", readings.engine.rooms);
  page.gauge("callstate_users_in_memory", "Users whose state is in memory", readings.engine.users);
}

void show_messages(Page& page, const Readings& readings) {
  engine::MessageReading messages = readings.server.messages;
  readings.metrics.deciding.messages.add_to(messages);
  readings.metrics.submitting.messages.add_to(messages);
  page.family(MetricType::Counter, "callstate_messages_total",
              "Messages of clients, by type and by what became of them");
  for (std::size_t type = 0; type < messages.size(); ++type) {
    for (std::size_t outcome = 0; outcome < messages[type].size(); ++outcome) {
      if (!can_become(static_cast<MessageType>(type), static_cast<MessageOutcome>(outcome)))
        continue;
      page.sample(messages[type][outcome],
                  {{"type", std::string(engine::message_type_names[type])},
                   {"outcome", std::string(engine::message_outcome_names[outcome])}});
    }
  }
  page.gauge("callstate_inbox_messages", "Waiting to be decided", readings.engine.inbox);
  page.gauge("callstate_inbox_limit", "What may wait to be decided, at most", readings.inbox_max);
}

void show_times(Page& page, const Readings& readings) {
  const auto& committing = readings.metrics.committing;
  page.histogram("callstate_append_seconds", "From a message's arrival until it is durable",
                 committing.append.read(), per_second);
  page.histogram("callstate_hop_seconds",
                 "From a message's arrival until what it causes is with the I/O threads",
                 committing.hop.read(), per_second);
  page.histogram("callstate_delivery_seconds",
                 "From there until the sockets of the I/O thread have been given it",
                 readings.server.delivery, per_second);
  page.histogram("callstate_commit_seconds", "Writing and syncing a batch",
                 committing.commit.read(), per_second);
  page.histogram("callstate_batch_records", "Records in a batch", committing.batch.read());
}

void show_log(Page& page, const Readings& readings) {
  page.gauge("callstate_log_position", "The last durable position", readings.engine.head);
  page.counter("callstate_log_records_total", "Records that were appended",
               readings.engine.records);
  page.counter("callstate_log_batches_total", "Batches that were committed",
               readings.engine.batches);
  page.gauge("callstate_checkpoint_position",
             "Of the last checkpoint of states, after which a start replays",
             readings.engine.marked);
  page.gauge("callstate_log_failed", "Whether the log has failed: nothing is acknowledged any more",
             readings.log.failed || readings.engine.failed);
  page.gauge("callstate_disk_has_room", "Whether there is room: else messages are refused",
             readings.log.has_room);
  page.gauge("callstate_disk_reserve_bytes", "Free bytes below which there is none",
             readings.log.reserve_bytes);
  page.family(MetricType::Gauge, "callstate_disk_free_bytes", "Free bytes on the log's disk");
  if (readings.log.free_bytes) page.sample(*readings.log.free_bytes);
}

void show_projections(Page& page, const ProjectionStatuses& statuses) {
  const auto family = [&](MetricType type, const char* name, const char* help, const auto& value) {
    page.family(type, name, help);
    for (const auto& status : statuses) page.sample(value(status), {{"projection", status.name}});
  };
  using projections::Status;
  family(MetricType::Gauge, "callstate_projection_lag_seconds",
         "How long the next record has been waiting to be applied",
         [](const Status& each) { return std::chrono::duration<double>(each.lag).count(); });
  family(MetricType::Gauge, "callstate_projection_lag_records", "Records not yet applied",
         [](const Status& each) { return each.lag_records; });
  family(MetricType::Gauge, "callstate_projection_position", "The last record that was applied",
         [](const Status& each) { return each.position; });
  family(MetricType::Counter, "callstate_projection_retries_total",
         "Pauses after trouble, each before it is tried again",
         [](const Status& each) { return each.retries; });
  page.family(MetricType::Gauge, "callstate_projection_state",
              "1 for what the projection does, 0 for what else it could");
  for (const auto& status : statuses) {
    for (std::size_t i = 0; i < projections::state_names.size(); ++i) {
      page.sample(
          static_cast<std::size_t>(status.state) == i,
          {{"projection", status.name}, {"state", std::string(projections::state_names[i])}});
    }
  }
}

void show_webhooks(Page& page, const projections::WebhookReading& webhooks) {
  page.gauge("callstate_webhooks_pending", "Webhooks that their receiver has not taken yet",
             webhooks.outbox.waiting);
  page.gauge("callstate_webhooks_oldest_pending_seconds",
             "How long the one has waited that has waited longest",
             std::chrono::duration<double>(webhooks.oldest).count());
  page.family(MetricType::Counter, "callstate_webhooks_attempts_total",
              "Requests to the receiver, by whether it took what they brought");
  page.sample(webhooks.deliveries.delivered, {{"outcome", "delivered"}});
  page.sample(webhooks.deliveries.failed, {{"outcome", "failed"}});
  page.counter("callstate_webhooks_given_up_total", "Webhooks that are sent no more",
               webhooks.deliveries.dead);
  page.gauge("callstate_webhooks_dead", "Of those, the ones that are kept to be sent again",
             webhooks.outbox.dead);
}

void show_directory(Page& page, const DirectoryReading& directory) {
  page.counter("callstate_directory_asked_total",
               "Users that were asked for and answered, found or not", directory.asked);
  page.counter("callstate_directory_troubles_total", "Users that it could not be asked for",
               directory.troubles);
  page.counter("callstate_directory_stale_total",
               "Answers of before that were given instead of new ones", directory.stale);
  page.counter("callstate_directory_unavailable_total",
               "Users who were refused since nobody could tell who they are",
               directory.unavailable);
  page.gauge("callstate_directory_users", "Users that are remembered", directory.cached);
}

// By the names that every Prometheus client gives them.
void show_process(Page& page, const ProcessReading& process) {
  page.gauge("process_start_time_seconds", "When the process was started", process.started_s);
  page.counter("process_cpu_seconds_total", "CPU time, user and system", process.cpu_s);
  page.gauge("process_resident_memory_bytes", "Memory in use", process.resident_bytes);
  page.gauge("process_open_fds", "Open file descriptors", process.descriptors);
  page.gauge("process_max_fds", "File descriptors that may be open", process.descriptors_max);
}

}  // namespace

std::string exposition(const Readings& readings) {
  Page page;
  show_server(page, readings);
  show_sessions(page, readings);
  show_calls(page, readings);
  show_messages(page, readings);
  show_times(page, readings);
  show_log(page, readings);
  show_projections(page, readings.projections);
  if (readings.webhooks) show_webhooks(page, *readings.webhooks);
  show_directory(page, readings.directory);
  show_process(page, readings.process);
  return page.text();
}

}  // namespace callstate::tools
