#pragma once

#include <expected>
#include <string>
#include <vector>

#include "storage/seal_key.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// The keys of `--public-key FILE`.
std::expected<std::vector<storage::PublicKey>, Trouble> load_public_keys(
    const std::vector<std::string>& files);

}  // namespace callstate::tools
