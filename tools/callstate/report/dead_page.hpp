#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// Webhooks that were given up, as a server lists them.
struct DeadPage {
  struct Webhook {
    std::string id;
    std::string type;
    std::string call;
    std::string died_at;  // RFC 3339
    std::uint64_t attempts = 0;
    std::string error;
    std::string json;  // all of it, as it came
  };
  std::vector<Webhook> webhooks;
  std::string next;  // behind which there are more; empty: that was all
};

/// The answer of `GET /v1/webhooks/dead`; nothing when it is none.
std::optional<DeadPage> parse_dead_page(std::string_view json);

std::vector<std::string> ids_of(const DeadPage& page);

std::string render_dead(const DeadPage& page, const Paint& paint);
/// `{"webhooks": […]}`, each as the server has it.
std::string dead_json(const DeadPage& page);

}  // namespace callstate::tools
