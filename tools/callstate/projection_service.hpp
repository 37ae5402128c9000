#pragma once

#include <optional>
#include <string>
#include <vector>

#include "projections/runner.hpp"
#include "tools/callstate/maintenance.hpp"
#include "tools/callstate/projection_jobs.hpp"
#include "transports/http.hpp"

namespace callstate::tools {

/// What an operator may ask of the projections of a running server:
///
///   GET    /v1/projections                 200 {"projections": [{"name", "state", …}]}
///   POST   /v1/projections/{name}/rebuild  202, the job; {"takeOver": true} replaces rows
///                                          of another log
///   POST   /v1/projections/{name}/verify   202, the job; {"repair": true} mends
///   DELETE /v1/projections/{name}/rebuild  202: it stops (likewise …/verify)
///   POST   /v1/projections/{name}/skip     204: {"position", "reason"}
///
/// For the role SERVICE; the list also for AUDITOR, without what may say something of
/// other tenants.
class ProjectionService {
 public:
  /// One of them. What it points to outlives the service.
  struct Served {
    projections::Runner* runner = nullptr;
    Maintenance* maintenance = nullptr;
    std::string why_no_maintenance{};  // a sentence, where there is none
  };

  ProjectionService(std::vector<Served> served, const engine::Clock& clock, ProjectionJobs::Say say)
      : served_(std::move(served)), jobs_(clock, std::move(say)) {}

  /// The answer, or nothing when the path is not one of these. Any thread.
  std::optional<transports::HttpResponse> answer(const transports::HttpRequest& request);

  /// Ends what runs. Before the runners stop.
  void stop() { jobs_.end(); }

 private:
  transports::HttpResponse list(const transports::HttpRequest& request) const;
  transports::HttpResponse job(const transports::HttpRequest& request, const Served& which,
                               JobKind kind);
  transports::HttpResponse start(const transports::HttpRequest& request, const Served& which,
                                 JobKind kind);
  static transports::HttpResponse skip(const transports::HttpRequest& request, const Served& which);

  const std::vector<Served> served_;
  ProjectionJobs jobs_;
};

}  // namespace callstate::tools
