#include "tools/callstate/projection_jobs.hpp"

#include <gmock/gmock.h>

#include <mutex>
#include <thread>

#include "support/stand_ins.hpp"

namespace callstate::tools {
namespace {

using history::OnProgress;
using testing::HasSubstr;

class ProjectionJobsTest : public testing::Test {
 protected:
  ProjectionJobsTest()
      : jobs(clock, [this](bool bad, const std::string& sentence) {
          const std::scoped_lock lock(mutex);
          told.push_back((bad ? "bad: " : "") + sentence);
        }) {}

  /// Runs until it is asked to stop.
  static std::optional<std::string> patient(const OnProgress& on_progress, Job& job) {
    while (on_progress({.done = 3, .total = 9})) std::this_thread::yield();
    job.rebuilt = history::Rebuilt{.finished = false, .position = 3};
    return std::nullopt;
  }
  Job wait_for_end(const std::string& name, JobKind kind) {
    for (;; std::this_thread::yield())
      if (const auto job = jobs.last(name, kind); job && job->is_over()) return *job;
  }

  support::ManualClock clock;
  std::mutex mutex;
  std::vector<std::string> told;
  ProjectionJobs jobs;
};

TEST_F(ProjectionJobsTest, OneRunsAtATime) {
  EXPECT_FALSE(jobs.last("index", JobKind::rebuild));
  const auto started = jobs.start("index", JobKind::rebuild, patient);
  ASSERT_TRUE(started);
  EXPECT_EQ(started->state, Job::State::running);
  EXPECT_FALSE(jobs.start("index", JobKind::rebuild, patient));
  EXPECT_FALSE(jobs.start("postgres", JobKind::verify, patient));
  EXPECT_FALSE(jobs.stop("index", JobKind::verify)) << "another kind";
  EXPECT_FALSE(jobs.stop("postgres", JobKind::rebuild)) << "another one";
  while (jobs.last("index", JobKind::rebuild)->progress.done != 3) std::this_thread::yield();

  EXPECT_TRUE(jobs.stop("index", JobKind::rebuild));
  const auto job = wait_for_end("index", JobKind::rebuild);
  EXPECT_EQ(job.state, Job::State::stopped);
  EXPECT_EQ(job.progress.total, 9U);
  EXPECT_FALSE(jobs.stop("index", JobKind::rebuild));
  EXPECT_TRUE(jobs.start("postgres", JobKind::verify, [](const OnProgress&, Job& to) {
    to.verified = history::Verified{.finished = true, .position = 9};
    return std::optional<std::string>();
  }));
  EXPECT_EQ(wait_for_end("postgres", JobKind::verify).state, Job::State::done);
  EXPECT_TRUE(jobs.last("index", JobKind::rebuild)) << "the last of each kind is kept";
}

TEST_F(ProjectionJobsTest, SaysWhatCameOfIt) {
  const auto run = [&](JobKind kind, const ProjectionJobs::Work& work) {
    ASSERT_TRUE(jobs.start("postgres", kind, work));
    (void)wait_for_end("postgres", kind);
  };
  run(JobKind::rebuild,
      [](const OnProgress&, Job&) { return std::optional<std::string>("no room"); });
  EXPECT_EQ(jobs.last("postgres", JobKind::rebuild)->error, "no room");
  run(JobKind::verify, [](const OnProgress&, Job& to) {
    to.verified = history::Verified{.finished = true, .position = 9, .drift = {{}, {}}};
    return std::optional<std::string>();
  });
  jobs.end();
  EXPECT_THAT(
      told, testing::ElementsAre(HasSubstr("bad: projection postgres: rebuild has failed: no room"),
                                 HasSubstr("bad: projection postgres: verify is done, at "
                                           "position 9: 2 differences from the log")));
}

TEST_F(ProjectionJobsTest, EndsWhatRunsAndBeginsNoMore) {
  ASSERT_TRUE(jobs.start("index", JobKind::rebuild, patient));
  jobs.end();
  EXPECT_EQ(jobs.last("index", JobKind::rebuild)->state, Job::State::stopped);
  EXPECT_FALSE(jobs.start("index", JobKind::rebuild, patient));
}

}  // namespace
}  // namespace callstate::tools
