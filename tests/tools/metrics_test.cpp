#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "tools/callstate/metrics/endpoint.hpp"

namespace callstate::tools {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class MetricsTest : public testing::Test {
 protected:
  [[nodiscard]] Readings readings() const {
    Readings made{.metrics = engine, .version = "1.2.3"};
    made.log.reserve_bytes = 1'000;
    return made;
  }
  [[nodiscard]] std::string text() const { return exposition(readings()); }

  [[nodiscard]] std::optional<transports::HttpResponse> ask(
      MetricsAccess access, const transports::HttpRequest& request) const {
    return MetricsEndpoint(access, [this] { return readings(); }).answer(request);
  }
  [[nodiscard]] int status(MetricsAccess access, const transports::HttpRequest& request) const {
    const auto answer = ask(access, request);
    return answer ? answer->status : 404;
  }
  static transports::HttpRequest from(std::string address) {
    transports::HttpRequest request;
    request.method = "GET";
    request.path = "/metrics";
    request.remote_address = std::move(address);
    return request;
  }
  static transports::HttpRequest by(call::Role role) {
    auto request = from("192.0.2.1");
    request.identity.emplace();
    request.identity->role = role;
    return request;
  }

  engine::EngineMetrics engine;
};

TEST_F(MetricsTest, ShowWhatWasCounted) {
  engine.deciding.messages.add(engine::MessageType::accepted, engine::MessageOutcome::ignored);
  engine.submitting.messages.add(engine::MessageType::signal, engine::MessageOutcome::overloaded);
  engine.deciding.ended[static_cast<std::size_t>(call::EndReason::media_finished)].add(3);
  EXPECT_THAT(
      text(),
      AllOf(HasSubstr("\ncallstate_build_info{version=\"1.2.3\"} 1\n"),
            HasSubstr("\ncallstate_messages_total{type=\"ACCEPTED\",outcome=\"ignored\"} 1\n"),
            HasSubstr("\ncallstate_messages_total{type=\"SIGNAL\",outcome=\"overloaded\"} 1\n"),
            HasSubstr("\ncallstate_messages_total{type=\"SIGNAL\",outcome=\"applied\"} 0\n"),
            HasSubstr("\ncallstate_calls_ended_total{reason=\"media_finished\"} 3\n"),
            Not(HasSubstr("reason=\"?\""))));
}

TEST_F(MetricsTest, ShowTimesInSeconds) {
  engine.committing.commit.record(2'000'000);
  engine.committing.commit.record(60'000'000'000);
  engine.committing.batch.record(3);
  EXPECT_THAT(text(), AllOf(HasSubstr("\ncallstate_commit_seconds_bucket{le=\"0.001\"} 0\n"),
                            HasSubstr("\ncallstate_commit_seconds_bucket{le=\"0.0025\"} 1\n"),
                            HasSubstr("\ncallstate_commit_seconds_bucket{le=\"10\"} 1\n"),
                            HasSubstr("\ncallstate_commit_seconds_bucket{le=\"+Inf\"} 2\n"),
                            HasSubstr("\ncallstate_commit_seconds_count 2\n"),
                            HasSubstr("\ncallstate_commit_seconds_sum 60.002\n"),
                            HasSubstr("\ncallstate_batch_records_bucket{le=\"4\"} 1\n")));
}

TEST_F(MetricsTest, ShowWhatTheDirectoryOfUsersHasDone) {
  auto made = readings();
  made.directory = {.asked = 5, .troubles = 4, .stale = 3, .unavailable = 2, .cached = 1};
  EXPECT_THAT(exposition(made), AllOf(HasSubstr("\ncallstate_directory_asked_total 5\n"),
                                      HasSubstr("\ncallstate_directory_troubles_total 4\n"),
                                      HasSubstr("\ncallstate_directory_stale_total 3\n"),
                                      HasSubstr("\ncallstate_directory_unavailable_total 2\n"),
                                      HasSubstr("\ncallstate_directory_users 1\n")));
}

TEST_F(MetricsTest, LeaveOutWhatIsNotKnown) {
  EXPECT_THAT(text(), AllOf(Not(HasSubstr("\ncallstate_disk_free_bytes ")),
                            Not(HasSubstr("callstate_tls_certificate"))));
  EXPECT_THAT(text(), Not(HasSubstr("callstate_webhooks")));
  Readings known = readings();
  known.log.free_bytes = 7;
  known.certificate_until_s = 8;
  EXPECT_THAT(exposition(known),
              AllOf(HasSubstr("\ncallstate_disk_free_bytes 7\n"),
                    HasSubstr("\ncallstate_tls_certificate_expiry_timestamp_seconds 8\n")));
}

TEST_F(MetricsTest, ShowWebhooksWhereThereAreAny) {
  Readings told = readings();
  told.webhooks = {.outbox = {.waiting = 3, .dead = 2, .overrun = 0},
                   .deliveries = {.delivered = 40, .failed = 5, .dead = 1},
                   .oldest = std::chrono::milliseconds(1'500)};
  EXPECT_THAT(exposition(told),
              AllOf(HasSubstr("\ncallstate_webhooks_pending 3\n"),
                    HasSubstr("\ncallstate_webhooks_dead 2\n"),
                    HasSubstr("\ncallstate_webhooks_given_up_total 1\n"),
                    HasSubstr("\ncallstate_webhooks_oldest_pending_seconds 1.5\n"),
                    HasSubstr("\ncallstate_webhooks_attempts_total{outcome=\"delivered\"} 40\n"),
                    HasSubstr("\ncallstate_webhooks_attempts_total{outcome=\"failed\"} 5\n")));
}

TEST_F(MetricsTest, ShowHowFarEachProjectionIs) {
  Readings some = readings();
  some.projections.push_back({.name = "index",
                              .state = projections::State::retrying,
                              .position = 40,
                              .head = 42,
                              .lag_records = 2,
                              .lag = std::chrono::milliseconds(1'500),
                              .retries = 3});
  EXPECT_THAT(exposition(some),
              AllOf(HasSubstr("\ncallstate_projection_lag_seconds{projection=\"index\"} 1.5\n"),
                    HasSubstr("\ncallstate_projection_lag_records{projection=\"index\"} 2\n"),
                    HasSubstr("\ncallstate_projection_position{projection=\"index\"} 40\n"),
                    HasSubstr("\ncallstate_projection_retries_total{projection=\"index\"} 3\n"),
                    HasSubstr("_state{projection=\"index\",state=\"retrying\"} 1\n"),
                    HasSubstr("_state{projection=\"index\",state=\"following\"} 0\n")));
}

TEST_F(MetricsTest, OfTheProcessAreOfThisOne) {
  const auto process = read_process();
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LE(process.started_s, now.count() + 1);
  EXPECT_GT(process.started_s, now.count() - 3'600);
  EXPECT_GT(process.resident_bytes, 1'000'000U);
  EXPECT_GE(process.cpu_s, 0);
  const int one_more = ::dup(0);
  EXPECT_EQ(read_process().descriptors, process.descriptors + 1);
  ::close(one_more);
  EXPECT_GE(process.descriptors_max, process.descriptors);
}

TEST_F(MetricsTest, AreShownToThisMachineAlone) {
  using enum MetricsAccess;
  for (const auto* here : {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(status(loopback, from(here)), 200) << here;
    EXPECT_EQ(status(off, from(here)), 404) << here;
  }
  for (const auto* elsewhere : {"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", ""}) {
    EXPECT_EQ(status(loopback, from(elsewhere)), 403) << elsewhere;
    EXPECT_EQ(status(open, from(elsewhere)), 200) << elsewhere;
    EXPECT_EQ(status(off, from(elsewhere)), 404) << elsewhere;
  }
  EXPECT_THAT(ask(loopback, from("192.0.2.1"))->body, HasSubstr("--metrics open"));
}

TEST_F(MetricsTest, AreNotShownToWhomAProxyOfThisMachinePassesOn) {
  for (const auto* field : {"via", "forwarded", "x-forwarded-for", "x-real-ip"}) {
    auto request = from("127.0.0.1");
    request.fields.emplace_back(field, "192.0.2.1");
    EXPECT_EQ(status(MetricsAccess::loopback, request), 403) << field;
  }
}

TEST_F(MetricsTest, AreShownToBackEndsAndAuditorsFromAnywhere) {
  using enum MetricsAccess;
  EXPECT_EQ(status(loopback, by(call::Role::service)), 200);
  EXPECT_EQ(status(loopback, by(call::Role::auditor)), 200);
  EXPECT_EQ(status(loopback, by(call::Role::crm_user)), 403);
  EXPECT_EQ(status(loopback, by(call::Role::portal_customer)), 403);
  EXPECT_EQ(status(off, by(call::Role::service)), 404);
}

TEST_F(MetricsTest, AreReadAndNothingElse) {
  auto request = from("127.0.0.1");
  request.method = "HEAD";
  EXPECT_EQ(status(MetricsAccess::loopback, request), 200);
  request.method = "POST";
  EXPECT_EQ(status(MetricsAccess::loopback, request), 405);
  request.path = "/metrics/more";
  EXPECT_EQ(status(MetricsAccess::open, request), 404);
}

TEST(MetricsAccess, HasThreeNames) {
  EXPECT_EQ(parse_metrics_access("loopback"), MetricsAccess::loopback);
  EXPECT_EQ(parse_metrics_access("open"), MetricsAccess::open);
  EXPECT_EQ(parse_metrics_access("off"), MetricsAccess::off);
  EXPECT_EQ(parse_metrics_access("Open"), std::nullopt);
}

}  // namespace
}  // namespace callstate::tools
