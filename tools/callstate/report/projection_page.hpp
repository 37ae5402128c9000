#pragma once

#include <string>
#include <vector>

#include "tools/callstate/report/projection_view.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// Whether it is where it should be: follows the log, or was left by a server that
/// was stopped, and is behind by no more than `lag_max`.
bool is_well(const ProjectionView& view, call::Duration lag_max);

/// All of them, for people.
std::string render_projections(const std::vector<ProjectionView>& views, call::Duration lag_max,
                               const Paint& paint);

/// What came of a job that was run to its end.
std::string render_rebuilt(const std::string& name, const history::Rebuilt& rebuilt,
                           const Paint& paint);
std::string render_verified(const std::string& name, const history::Verified& verified,
                            const Paint& paint);

/// Whether what was compared is now as the log says.
bool is_well(const history::Verified& verified);

}  // namespace callstate::tools
