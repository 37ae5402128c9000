// Any frame: decode answers, agrees with another JSON parser on what is JSON,
// and what it answers can be sent.

#include <boost/json.hpp>
#include <cstdlib>

#include "transports/codec.hpp"

using namespace callstate;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_json(std::string_view text) {
  boost::system::error_code ec;
  boost::json::parse(text, ec);
  return !ec;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto decoded = transports::decode(text, call::RoomName::clipped("default"));
  if (!decoded) {
    const auto& failure = decoded.error();
    require(failure.error.code != call::ErrorCode::none && !failure.error.message.empty());
    const engine::Refusal refusal{failure.error, failure.id, failure.room, std::nullopt,
                                  std::nullopt};
    require(is_json(transports::encode(refusal)));
    return 0;
  }
  require(is_json(text));
  const auto* message = std::get_if<call::Message>(&*decoded);
  if (message == nullptr) return 0;
  require(!message->room.empty());
  call::Record record;
  record.stream.name = call::UserId::clipped(message->room.view());
  if (const auto* start = std::get_if<call::StartCall>(&message->body)) {
    require(!start->callees.empty() && start->callees.size() <= call::callees_max);
    require(start->metadata.size() <= call::opaque_bytes_max);
    record.payload = call::CallStarted{start->callees[0],  start->caller_name, start->callees,
                                       start->callee_name, start->metadata,    {}};
  } else if (const auto* signal = std::get_if<call::Signal>(&message->body)) {
    require(signal->data.size() <= call::opaque_bytes_max);
    record.payload = call::Signaled{signal->to, signal->data};
  }
  require(is_json(transports::encode(engine::Event{record}, {.everything = true})));
  return 0;
}
