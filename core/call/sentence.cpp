#include "core/call/sentence.hpp"

#include <variant>

namespace callstate::call {
namespace {

struct SenderField {
  std::string_view operator()(const StartCall&) const { return "callerId"; }
  std::string_view operator()(const Ring&) const { return "userId"; }
  std::string_view operator()(const Accept&) const { return "acceptedBy"; }
  std::string_view operator()(const Reject&) const { return "rejectedBy"; }
  std::string_view operator()(const End&) const { return "endedBy"; }
  std::string_view operator()(const Invite&) const { return "invitedBy"; }
  std::string_view operator()(const Signal&) const { return "from"; }
};

}  // namespace

std::string sentence(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const auto part : parts) text += part;
  return text;
}

std::string wrong_state_sentence(std::string_view type, const Room& room, const Participant* self) {
  switch (room.state) {
    case CallState::idle:
      return sentence({type, " came while the room was IDLE: no call has been started in it"});
    case CallState::ended:
      return sentence({type, " came after the call had ended (", name_of(room.end_reason), ")"});
    case CallState::ringing:
    case CallState::connected:
      break;
  }
  if (type == "CALL_STARTED") {
    return sentence({"CALL_STARTED came while a call was ", name_of(room.state),
                     " in the room; end that one first, or take another room"});
  }
  if (self == nullptr) return sentence({type, " came while the call was ", name_of(room.state)});
  return sentence({type, " has no place while the call is ", name_of(room.state), " and the ",
                   name_of(self->role), " who sends it is ", name_of(self->state)});
}

std::string_view general_sentence(ErrorCode code) {
  switch (code) {
    case ErrorCode::none:
      return {};
    case ErrorCode::invalid_message:
      return "what was asked for makes no sense";
    case ErrorCode::forbidden:
      return "the sender's role may not do this";
    case ErrorCode::not_participant:
      return "the sender, or whom it was for, is not in the call";
    case ErrorCode::identity_mismatch:
      return "it named another sender than the token's user";
    case ErrorCode::wrong_state:
      return "it has no place in the room's state";
    case ErrorCode::glare:
      return "the callee's own call to the sender rang already";
    case ErrorCode::answered_elsewhere:
      return "another device of the user had accepted";
    case ErrorCode::unknown_type:
    case ErrorCode::too_large:
    case ErrorCode::unauthenticated:
    case ErrorCode::room_not_found:
    case ErrorCode::rate_limited:
    case ErrorCode::overloaded:
    case ErrorCode::storage_unavailable:
    case ErrorCode::internal:
    case ErrorCode::cursor_expired:
    case ErrorCode::directory_unavailable:
      break;
  }
  return "it was refused";
}

std::string_view sender_field(const MessageBody& body) {
  return std::visit(SenderField{}, body);
}

}  // namespace callstate::call
