#include "tools/callstate/public_keys.hpp"

#include <utility>

namespace callstate::tools {

std::expected<std::vector<storage::PublicKey>, Trouble> load_public_keys(
    const std::vector<std::string>& files) {
  std::vector<storage::PublicKey> keys;
  for (const auto& file : files) {
    auto key = storage::PublicKey::load(file);
    if (!key) return std::unexpected(Trouble{Exit::unusable, "--public-key: " + key.error() + "."});
    keys.push_back(std::move(*key));
  }
  return keys;
}

}  // namespace callstate::tools
