#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "core/engine/ports.hpp"
#include "tools/callstate/report/projection_view.hpp"

namespace callstate::tools {

/// What an operator has done with projections: one job at a time, on a thread of its
/// own, and the last of each kind to be asked about. Any thread.
class ProjectionJobs {
 public:
  /// Does it, tells how far it is, and puts down what came of it; an error is why it
  /// could not be done.
  using Work = std::function<std::optional<std::string>(const history::OnProgress&, Job&)>;
  /// Told when one begins and how it ended, in a sentence.
  using Say = std::function<void(bool bad, const std::string& sentence)>;

  ProjectionJobs(const engine::Clock& clock, Say say) : clock_(clock), say_(std::move(say)) {}
  ~ProjectionJobs() { end(); }
  ProjectionJobs(const ProjectionJobs&) = delete;
  ProjectionJobs& operator=(const ProjectionJobs&) = delete;

  /// As it begins; or nothing, where another one runs or the process ends.
  std::optional<Job> start(const std::string& projection, JobKind kind, Work work);
  /// Asks it to stop. False: it does not run.
  bool stop(const std::string& projection, JobKind kind);
  [[nodiscard]] std::optional<Job> last(const std::string& projection, JobKind kind) const;

  /// What runs is stopped and waited for; nothing begins any more.
  void end();

 private:
  using Key = std::pair<std::string, JobKind>;

  void run(const Key& key, const Work& work);

  const engine::Clock& clock_;
  const Say say_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<Key, Job> jobs_;
  std::optional<Key> running_;
  bool ended_ = false;
  std::thread thread_;

  std::atomic<bool> stopping_ = false;
};

}  // namespace callstate::tools
