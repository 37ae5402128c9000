#include "tools/callstate/logging.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

// One JSON object a line: time, level, message.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& line, spdlog::memory_buf_t& out) override {
    when_.format(line, time_buffer());
    std::string text = R"({"time":")";
    text.append(time_.data(), time_.size());
    text += R"(","level":")";
    const auto level = spdlog::level::to_string_view(line.level);
    text.append(level.data(), level.size());
    text += R"(","message":)";
    transports::append_json_string(text, {line.payload.data(), line.payload.size()});
    text += "}\n";
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }

 private:
  spdlog::memory_buf_t& time_buffer() {
    time_.clear();
    return time_;
  }

  spdlog::pattern_formatter when_{"%Y-%m-%dT%H:%M:%S.%fZ", spdlog::pattern_time_type::utc, ""};
  spdlog::memory_buf_t time_;
};

}  // namespace

std::shared_ptr<spdlog::logger> make_logger(const std::string& level, const std::string& format) {
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("callstate", std::move(sink));
  if (format == "json") {
    logger->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v", spdlog::pattern_time_type::utc));
  }
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  return logger;
}

transports::Logger transport_logger(std::shared_ptr<spdlog::logger> logger) {
  return {[logger = std::move(logger)](transports::Logger::Level level, std::string_view line) {
    using enum transports::Logger::Level;
    switch (level) {
      case debug:
        logger->debug(line);
        return;
      case info:
        logger->info(line);
        return;
      case warning:
        logger->warn(line);
        return;
      case error:
        logger->error(line);
        return;
    }
  }};
}

}  // namespace callstate::tools
