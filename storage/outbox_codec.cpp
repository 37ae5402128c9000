#include "storage/detail/outbox_codec.hpp"

#include <flatbuffers/flatbuffers.h>

#include "schemas/outbox_generated.h"
#include "storage/detail/flat.hpp"

namespace callstate::storage {

namespace fb = callstate::schemas;

std::string encode_outgoing(const history::DeadEvent& dead) {
  const auto& event = dead.event;
  flat::Builder to(512 + event.body.size());
  const auto id = flat::put_text(to, event.id);
  const auto type = flat::put_text(to, event.type);
  const auto body = flat::put_text(to, event.body);
  const auto why = flat::put_text(to, dead.why);
  const auto tenant = flat::put_text(to, event.tenant.view());
  const auto call = flat::put_call(event.call);
  to.Finish(fb::CreateOutgoingEvent(to, id, type, &call, flat::put_time(event.queued_at), body,
                                    flat::put_time(dead.died_at), dead.attempts, why, tenant),
            fb::OutgoingEventIdentifier());
  return {reinterpret_cast<const char*>(to.GetBufferPointer()), to.GetSize()};
}

std::optional<history::DeadEvent> decode_outgoing(std::string_view bytes) {
  if (bytes.size() > flat::bytes_max) return std::nullopt;
  std::vector<std::uint64_t> scratch;
  const auto in_place =
      flat::aligned({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, scratch);
  flatbuffers::Verifier verifier(in_place.data(), in_place.size());
  if (!fb::VerifyOutgoingEventBuffer(verifier)) return std::nullopt;
  const auto& from = *fb::GetOutgoingEvent(in_place.data());
  history::DeadEvent dead;
  flat::take_text(from.id(), dead.event.id);
  flat::take_text(from.type(), dead.event.type);
  flat::take_call(from.call(), dead.event.call);
  dead.event.queued_at = flat::take_time(from.queued_at());
  flat::take_text(from.body(), dead.event.body);
  dead.died_at = flat::take_time(from.died_at());
  dead.attempts = from.attempts();
  flat::take_text(from.why(), dead.why);
  if (!flat::take_text(from.tenant(), dead.event.tenant)) return std::nullopt;
  return dead;
}

}  // namespace callstate::storage
