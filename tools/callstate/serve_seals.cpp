#include "tools/callstate/serve_seals.hpp"

#include <spdlog/spdlog.h>

#include "core/seal/statement.hpp"

namespace callstate::tools {

std::expected<std::unique_ptr<storage::LogSealer>, std::string> make_sealer(
    const ServeSettings& settings, const std::string& log_id,
    const std::shared_ptr<spdlog::logger>& log) {
  if (settings.engine.seals.records == 0) {
    if (!settings.seal_key.empty()) {
      return std::unexpected("with --seal-records 0 there is nothing to sign");
    }
    return nullptr;
  }
  if (settings.seal_key.empty()) return std::make_unique<storage::LogSealer>(log_id);
  auto sealer = storage::LogSealer::load(log_id, settings.seal_key);
  if (sealer) log->info("seals are signed by the key {}", seal::to_hex((*sealer)->key()));
  return sealer;
}

}  // namespace callstate::tools
