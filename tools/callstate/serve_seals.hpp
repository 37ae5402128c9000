#pragma once

#include <expected>
#include <memory>
#include <string>

#include "storage/seal_key.hpp"
#include "tools/callstate/logging.hpp"
#include "tools/callstate/serve_settings.hpp"

namespace callstate::tools {

/// What the log is sealed with; null when nothing is to be. The failure says what is
/// wrong with the settings.
std::expected<std::unique_ptr<storage::LogSealer>, std::string> make_sealer(
    const ServeSettings& settings, const std::string& log_id,
    const std::shared_ptr<spdlog::logger>& log);

}  // namespace callstate::tools
