#include "tools/callstate/projection_jobs.hpp"

#include "projections/stand_back.hpp"

namespace callstate::tools {
namespace {

std::string sentence_of(const std::string& projection, JobKind kind, const Job& job) {
  std::string text = "projection " + projection + ": ";
  text.append(name_of(kind));
  if (job.state == Job::State::stopped) return text + " is stopped, to go on another time";
  if (job.state == Job::State::failed) return text + " has failed: " + job.error;
  if (job.rebuilt) return text + " is done, at position " + std::to_string(job.rebuilt->position);
  const auto& verified = *job.verified;
  text += " is done, at position " + std::to_string(verified.position) + ": ";
  if (verified.drift.empty()) return text + "all is as the log says";
  text += (verified.more ? "more than " : "") + std::to_string(verified.drift.size()) +
          " differences from the log";
  if (verified.repaired > 0) text += ", " + std::to_string(verified.repaired) + " rows mended";
  return text;
}

bool is_bad(const Job& job) {
  return job.state == Job::State::failed || (job.verified && !job.verified->drift.empty());
}

}  // namespace

std::optional<Job> ProjectionJobs::start(const std::string& projection, JobKind kind, Work work) {
  const std::scoped_lock lock(mutex_);
  if (running_ || ended_) return std::nullopt;
  if (thread_.joinable()) thread_.join();  // it has done its work
  const Key key(projection, kind);
  running_ = key;
  stopping_ = false;
  auto& job = jobs_[key] = Job{.started_at = clock_.now()};
  thread_ = std::thread([this, key, work = std::move(work)] { run(key, work); });
  return job;
}

void ProjectionJobs::run(const Key& key, const Work& work) {
  projections::stand_back(projections::behind_calls);
  Job job;  // what came of it
  const auto error = work(
      [&](const history::Progress& progress) {
        const std::scoped_lock lock(mutex_);
        jobs_[key].progress = progress;
        return !stopping_;
      },
      job);
  const bool finished = (job.rebuilt && job.rebuilt->finished) ||  //
                        (job.verified && job.verified->finished);
  std::string sentence;
  {
    const std::scoped_lock lock(mutex_);
    auto& kept = jobs_[key];
    job.started_at = kept.started_at;
    job.progress = kept.progress;
    job.ended_at = clock_.now();
    job.error = error.value_or("");
    job.state = error ? Job::State::failed : finished ? Job::State::done : Job::State::stopped;
    sentence = sentence_of(key.first, key.second, job);
    kept = job;
    running_.reset();
  }
  say_(is_bad(job), sentence);
}

bool ProjectionJobs::stop(const std::string& projection, JobKind kind) {
  const std::scoped_lock lock(mutex_);
  const Key key(projection, kind);
  if (running_ != key) return false;
  stopping_ = true;
  jobs_[key].state = Job::State::stopping;
  return true;
}

std::optional<Job> ProjectionJobs::last(const std::string& projection, JobKind kind) const {
  const std::scoped_lock lock(mutex_);
  const auto found = jobs_.find({projection, kind});
  return found == jobs_.end() ? std::nullopt : std::optional(found->second);
}

void ProjectionJobs::end() {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace callstate::tools
