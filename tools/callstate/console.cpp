#include "tools/callstate/console.hpp"

namespace callstate::tools {
namespace {

// All that the page needs is from this server: whatever else gets into it stays inert.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";

}  // namespace

transports::Assets console_assets() {
  return {.folder = "console",
          .files = console_files(),
          .missing = console_missing(),
          .fields = {{"Content-Security-Policy", std::string(policy)},
                     {"X-Content-Type-Options", "nosniff"},
                     {"Referrer-Policy", "no-referrer"},
                     {"Cross-Origin-Opener-Policy", "same-origin"},
                     {"Cross-Origin-Resource-Policy", "same-origin"},
                     {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"}}};
}

}  // namespace callstate::tools
