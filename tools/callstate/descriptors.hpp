#pragma once

#include <spdlog/logger.h>

#include <cstddef>
#include <expected>
#include <memory>
#include <string>

namespace callstate::tools {

/// Every connection is a file descriptor: takes what the system allows, and leaves the
/// log and its index what they need, or strangers who connect could stop them. Gives how
/// many connections there may be, or why there can be none.
std::expected<std::size_t, std::string> allowed_connections(
    std::size_t wanted, bool with_index, const std::shared_ptr<spdlog::logger>& log);

}  // namespace callstate::tools
