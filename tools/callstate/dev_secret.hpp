#pragma once

#include <string_view>

namespace callstate::tools {

/// The secret of `serve --dev` and of the tools beside it. It is public: a
/// server that takes it must be reachable from this machine only.
constexpr std::string_view development_secret = "callstate-development-secret-not-for-production";

static_assert(development_secret.size() >= 32, "HS256 asks for at least 256 bits");

}  // namespace callstate::tools
