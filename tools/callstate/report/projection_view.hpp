#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/history/maintenance.hpp"
#include "projections/status.hpp"

// What the server says of its projections, and what the tools make of that. Pure.

namespace callstate::tools {

/// What may be done with a projection that takes its time.
enum class JobKind : std::uint8_t { rebuild, verify };
/// `rebuild`, `verify`.
std::string_view name_of(JobKind kind);

/// The last of its kind, or the one that runs.
struct Job {
  enum class State : std::uint8_t { running, stopping, done, stopped, failed };
  State state = State::running;
  call::Time started_at{};
  call::Time ended_at{};  // the epoch until it is over
  history::Progress progress{};
  std::string error{};  // why it failed
  std::optional<history::Rebuilt> rebuilt{};
  std::optional<history::Verified> verified{};

  [[nodiscard]] bool is_over() const { return state != State::running && state != State::stopping; }
};
/// `running`, `stopping`, `done`, `stopped`, `failed`.
std::string_view name_of(Job::State state);

struct ProjectionView {
  projections::Status status;
  std::optional<Job> rebuild{};
  std::optional<Job> verify{};

  [[nodiscard]] const std::optional<Job>& job(JobKind kind) const {
    return kind == JobKind::rebuild ? rebuild : verify;
  }
};

/// As who sees one tenant is told: without what may say something of others, which are
/// the messages and reasons, and what was found wrong.
ProjectionView without_details(ProjectionView view);

/// `{"projections": […]}`.
std::string projections_json(const std::vector<ProjectionView>& views);
/// Nothing for what is no such answer.
std::optional<std::vector<ProjectionView>> parse_projections(std::string_view json);

/// A job alone.
std::string job_json(const Job& job);

}  // namespace callstate::tools
