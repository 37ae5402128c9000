#include "tools/callstate/report/dead_page.hpp"

#include <boost/json.hpp>

#include "tools/callstate/report/numbers.hpp"

namespace callstate::tools {
namespace {

namespace json = boost::json;

std::string text_in(const json::object& object, json::string_view key) {
  const auto* member = object.if_contains(key);
  const auto* text = member == nullptr ? nullptr : member->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

}  // namespace

std::optional<DeadPage> parse_dead_page(std::string_view text) {
  boost::system::error_code error;
  const auto parsed = json::parse({text.data(), text.size()}, error);
  const auto* object = error ? nullptr : parsed.if_object();
  const auto* member = object == nullptr ? nullptr : object->if_contains("webhooks");
  const auto* listed = member == nullptr ? nullptr : member->if_array();
  if (listed == nullptr) return std::nullopt;
  DeadPage page{.webhooks = {}, .next = text_in(*object, "next")};
  for (const auto& each : *listed) {
    const auto* webhook = each.if_object();
    if (webhook == nullptr) return std::nullopt;
    const auto* attempts = webhook->if_contains("attempts");
    page.webhooks.push_back(
        {.id = text_in(*webhook, "id"),
         .type = text_in(*webhook, "type"),
         .call = text_in(*webhook, "callId"),
         .died_at = text_in(*webhook, "diedAt"),
         .attempts = attempts == nullptr ? 0 : attempts->to_number<std::uint64_t>(error),
         .error = text_in(*webhook, "error"),
         .json = json::serialize(*webhook)});
  }
  return page;
}

std::vector<std::string> ids_of(const DeadPage& page) {
  std::vector<std::string> ids;
  for (const auto& webhook : page.webhooks) ids.push_back(webhook.id);
  return ids;
}

std::string render_dead(const DeadPage& page, const Paint& paint) {
  if (page.webhooks.empty()) return paint(Tone::good, "No webhook was given up") + ".\n";
  Table table({{"ID"},
               {"TYPE"},
               {"CALL"},
               {"GIVEN UP"},
               {"ATTEMPTS", Table::Align::right},
               {"THE LAST ONE"}});
  for (const auto& webhook : page.webhooks) {
    table.add({{webhook.id, Tone::bold},
               {webhook.type},
               {webhook.call},
               {webhook.died_at},
               {std::to_string(webhook.attempts)},
               {webhook.error, Tone::bad}});
  }
  return paint(Tone::bad, count_of(page.webhooks.size(), "webhook")) + " given up:\n\n" +
         table.render(paint, 2);
}

std::string dead_json(const DeadPage& page) {
  std::string text = "{\"webhooks\":[";
  for (const auto& webhook : page.webhooks) {
    if (text.back() != '[') text += ',';
    text += webhook.json;
  }
  return text + "]}\n";
}

}  // namespace callstate::tools
