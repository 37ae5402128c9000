#pragma once

#include <memory>
#include <string>

#include "transports/logger.hpp"

namespace spdlog {
class logger;
}

namespace callstate::tools {

/// The server's log, on standard error: one line an event, as text for people
/// or as JSON for programs. Whoever writes a line keeps tokens, message contents
/// and persons' names out of it. Any thread.
std::shared_ptr<spdlog::logger> make_logger(const std::string& level, const std::string& format);

/// The same log for the transports.
transports::Logger transport_logger(std::shared_ptr<spdlog::logger> logger);

}  // namespace callstate::tools
