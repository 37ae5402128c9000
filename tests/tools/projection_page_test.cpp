#include "tools/callstate/report/projection_page.hpp"

#include <gmock/gmock.h>

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using projections::State;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr call::Time some_time{std::chrono::hours(24 * 365 * 56)};
const Paint plain(false);

ProjectionView following() {
  ProjectionView view;
  view.status = {.name = "postgres",
                 .state = State::following,
                 .since = some_time,
                 .position = 4'700,
                 .head = 4'711,
                 .lag_records = 11,
                 .lag = 250ms};
  return view;
}

ProjectionView poisoned() {
  auto view = following();
  view.status.state = State::stopped_by_poison;
  view.status.trouble = history::Trouble{.kind = history::Trouble::Kind::poison,
                                         .message = "record 4701 cannot be applied",
                                         .position = 4'701};
  view.status.trouble_at = some_time;
  view.status.skipped.push_back({17, "too odd", some_time});
  return view;
}

history::Verified drifted() {
  const auto call = *call::parse_call_id("01976f00-0000-7000-8000-000000000000");
  return {.finished = true,
          .position = 4'711,
          .calls = 1'000,
          .events = 5'000,
          .drift = {{.kind = history::Drift::Kind::differs,
                     .table = "CallLog",
                     .call = call,
                     .column = "status",
                     .expected = "ENDED",
                     .found = "MISSED"},
                    {.kind = history::Drift::Kind::differs,
                     .table = "CallLog",
                     .call = call,
                     .column = "callerName",
                     .expected = "Ann",
                     .found = "Eve"},
                    {.kind = history::Drift::Kind::missing, .table = "CallEvent", .position = 12}}};
}

TEST(ProjectionPage, IsATable) {
  const auto text = render_projections({following()}, 10s, plain);
  EXPECT_THAT(text,
              AllOf(HasSubstr("postgres"), HasSubstr("following"), HasSubstr("4,700"),
                    HasSubstr("4,711"), HasSubstr("11 records, 250 ms"), Not(HasSubstr("\x1b"))));
  EXPECT_EQ(render_projections({}, 10s, plain), "There is no projection here.\n");
}

TEST(ProjectionPage, SaysWhatToDoAboutPoisonAndWhatWasSkipped) {
  const auto text = render_projections({poisoned()}, 10s, plain);
  EXPECT_THAT(text,
              AllOf(HasSubstr("stopped by poison"), HasSubstr("record 4701 cannot be applied"),
                    HasSubstr("callstate projection skip postgres 4701 --reason WHY"),
                    HasSubstr("record 17 was skipped"), HasSubstr("too odd")));
}

TEST(ProjectionPage, LeavesTroubleOutThatIsOver) {
  auto view = poisoned();
  view.status.state = State::following;
  EXPECT_THAT(render_projections({view}, 10s, plain), Not(HasSubstr("cannot be applied")));
}

TEST(ProjectionPage, ShowsAJobThatRuns) {
  auto view = following();
  view.rebuild = Job{.progress = {.done = 25, .total = 100}};
  EXPECT_THAT(render_projections({view}, 10s, plain), HasSubstr("rebuild 25%"));
  view.rebuild->state = Job::State::done;
  EXPECT_THAT(render_projections({view}, 10s, plain), Not(HasSubstr("rebuild")));
}

TEST(ProjectionPage, KnowsWhatIsWell) {
  auto view = following();
  EXPECT_TRUE(is_well(view, 10s));
  EXPECT_FALSE(is_well(view, 200ms)) << "behind by more than may be";
  view.status.state = State::catching_up;
  EXPECT_FALSE(is_well(view, 10s));
  EXPECT_FALSE(is_well(poisoned(), 10s));
  view.status.state = State::stopped;  // beside a stopped log
  EXPECT_FALSE(is_well(view, 10s));
  view.status.lag_records = 0;
  EXPECT_TRUE(is_well(view, 10s));
  view.status.trouble = history::Trouble{.message = "of another log"};
  EXPECT_FALSE(is_well(view, 10s));
}

TEST(ProjectionPage, ListsDriftByCallAndColumn) {
  auto found = drifted();
  auto text = render_verified("postgres", found, plain);
  EXPECT_THAT(text, AllOf(HasSubstr("differs from the log in 2 rows: 1,000 calls and 5,000 events"),
                          HasSubstr("01976f00-0000-7000-8000-000000000000"), HasSubstr("MISSED"),
                          HasSubstr("callerName"), HasSubstr("missing"),
                          HasSubstr("callstate projection verify postgres --repair")));
  EXPECT_FALSE(is_well(found));
  found.repaired = 2;
  text = render_verified("postgres", found, plain);
  EXPECT_THAT(text, AllOf(HasSubstr("2 rows mended"), Not(HasSubstr("--repair"))));
  EXPECT_TRUE(is_well(found));
  found.more = true;
  EXPECT_FALSE(is_well(found)) << "there is more to mend";
  found = {.finished = true, .position = 9, .calls = 1, .events = 3};
  EXPECT_EQ(render_verified("index", found, plain),
            "index is as the log says: 1 call and 3 events compared, as of position 9.\n");
  EXPECT_TRUE(is_well(found));
}

TEST(ProjectionPage, SaysWhatARebuildHasFound) {
  EXPECT_EQ(render_rebuilt("index", {.finished = true, .position = 9}, plain),
            "index is made anew, as of position 9.\n");
  EXPECT_EQ(render_rebuilt("postgres", {.finished = true, .position = 9, .replaced = 0}, plain),
            "postgres is made anew, as of position 9: all was right before, too.\n");
  EXPECT_EQ(render_rebuilt("postgres", {.finished = true, .position = 9, .replaced = 1}, plain),
            "postgres is made anew, as of position 9: 1 row replaced.\n");
}

TEST(ProjectionJson, IsReadBackAsItWas) {
  auto view = poisoned();
  view.status.retries = 3;
  view.rebuild = Job{.state = Job::State::failed,
                     .started_at = some_time,
                     .ended_at = some_time + 1s,
                     .progress = {.done = 5, .total = 10, .records_per_second = 1.5},
                     .error = "no room"};
  view.verify = Job{.state = Job::State::done,
                    .started_at = some_time,
                    .ended_at = some_time + 2s,
                    .progress = {.step = history::Progress::Step::comparing},
                    .verified = drifted()};
  auto other = following();
  other.status.name = "index";
  other.rebuild =
      Job{.state = Job::State::done,
          .started_at = some_time,
          .ended_at = some_time,
          .rebuilt = history::Rebuilt{.finished = true, .position = 4'711, .replaced = 2}};
  const std::vector views{view, other};
  const auto text = projections_json(views);
  const auto read = parse_projections(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(projections_json(*read), text);
  EXPECT_EQ(read->front().verify->verified->drift.size(), 3U);
  EXPECT_EQ(read->front().rebuild->error, "no room");
  EXPECT_EQ(render_projections(*read, 10s, plain), render_projections(views, 10s, plain));
}

TEST(ProjectionJson, SaysNothingOfOtherTenantsToWhoSeesOne) {
  auto view = poisoned();
  view.rebuild = Job{.state = Job::State::failed, .started_at = some_time, .error = "no room"};
  view.verify = Job{.state = Job::State::done, .started_at = some_time, .verified = drifted()};
  const auto text = projections_json({without_details(view)});
  EXPECT_THAT(text,
              AllOf(HasSubstr(R"("lagRecords":11)"), HasSubstr(R"("kind":"poison")"),
                    HasSubstr(R"("skipped":[{"position":17,)"), HasSubstr(R"("state":"failed")")));
  for (const auto* detail : {"cannot be applied", "too odd", "no room", "Eve", "drift"})
    EXPECT_THAT(text, Not(HasSubstr(detail)));
  EXPECT_THAT(render_projections(*parse_projections(text), 10s, plain),
              HasSubstr("is told to the role SERVICE"));
}

TEST(ProjectionJson, OfAJobIsItsStateUntilItIsOver) {
  Job job{.started_at = some_time, .progress = {.done = 1, .total = 2}};
  EXPECT_THAT(job_json(job), AllOf(HasSubstr(R"("state":"running")"), HasSubstr(R"("done":1)"),
                                   Not(HasSubstr("endedAt"))));
  job.state = Job::State::stopped;
  job.ended_at = some_time;
  EXPECT_THAT(job_json(job), AllOf(HasSubstr(R"("state":"stopped")"), HasSubstr("endedAt")));
}

TEST(ProjectionJson, IsNothingElse) {
  for (const auto* other : {"", "null", "[]", "{}", R"({"projections":1})", "<html>"})
    EXPECT_FALSE(parse_projections(other)) << other;
  // What says nothing of itself is as it says.
  EXPECT_EQ(parse_projections(R"({"projections":[{"name":7},3]})")->front().status.name, "");
}

}  // namespace
}  // namespace callstate::tools
