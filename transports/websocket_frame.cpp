#include "transports/websocket_frame.hpp"

#include <algorithm>
#include <cstring>

namespace callstate::transports {
namespace {

constexpr std::uint8_t fin_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::size_t mask_bytes = 4;

constexpr std::uint16_t protocol_error = 1002;
constexpr std::uint16_t not_text = 1003;
constexpr std::uint16_t no_code = 1005;
constexpr std::uint16_t not_utf8 = 1007;
constexpr std::uint16_t too_large = 1009;

constexpr std::uint8_t byte(char c) {
  return static_cast<std::uint8_t>(c);
}

constexpr bool is_control(Opcode opcode) {
  return (static_cast<std::uint8_t>(opcode) & 0x8U) != 0;
}

constexpr bool is_known(std::uint8_t opcode) {
  return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA);
}

// Of a header whose first two bytes are known.
std::size_t length_bytes(std::uint8_t second) {
  const auto length = second & 0x7FU;
  return length == 127 ? 8 : length == 126 ? 2 : 0;
}

// Applies the mask to bytes that begin `offset` bytes into the payload.
void unmask(char* data, std::size_t size, const std::array<char, 4>& mask, std::size_t offset) {
  std::array<char, 8> turned;
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask[(offset + i) & 3U];
  std::uint64_t wide = 0;
  std::memcpy(&wide, turned.data(), sizeof wide);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t chunk = 0;
    std::memcpy(&chunk, data + i, sizeof chunk);
    chunk ^= wide;
    std::memcpy(data + i, &chunk, sizeof chunk);
  }
  for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ turned[i & 7U]);
}

}  // namespace

FrameParser::Result FrameParser::next(std::span<char>& portion) {
  if (done_with_incomplete_) {  // what the last result pointed to is no longer needed
    done_with_incomplete_ = false;
    if (fragmented_) {
      incomplete_->control.clear();
    } else {
      incomplete_.reset();
    }
  }
  if (state_ == State::finished) {
    portion = {};
    return {};
  }
  for (;;) {
    if (state_ == State::header) {
      if (!take_header(portion)) return {};
      if (auto refused = begin_frame()) return *refused;
    }
    const auto want = frame_bytes_ - frame_taken_;
    const auto size = std::min<std::size_t>(want, portion.size());
    const auto part = portion.first(size);
    portion = portion.subspan(size);
    unmask(part.data(), size, mask_, frame_taken_);
    frame_taken_ += static_cast<std::uint32_t>(size);

    const bool complete = frame_taken_ == frame_bytes_;
    const bool alone = last_ && (is_control(opcode_) || !fragmented_);
    if (complete && alone && size == frame_bytes_) return end_frame({part.data(), size});

    std::string& kept = collected();
    kept.append(part.data(), size);
    if (!complete) return {};
    if (last_) {
      done_with_incomplete_ = true;
      return end_frame(kept);
    }
    fragmented_ = true;
    state_ = State::header;
  }
}

// True when the header is complete; takes no byte beyond it.
bool FrameParser::take_header(std::span<char>& portion) {
  for (;;) {
    std::size_t need = 2;
    if (header_bytes_ >= 2) need += length_bytes(byte(header_[1])) + mask_bytes;
    // Without a mask the frame is refused in any case: do not wait for four bytes more.
    if (header_bytes_ >= 2 && (byte(header_[1]) & mask_bit) == 0) return true;
    if (header_bytes_ >= need) return true;
    if (portion.empty()) return false;
    const auto size = std::min(need - header_bytes_, portion.size());
    std::memcpy(header_.data() + header_bytes_, portion.data(), size);
    header_bytes_ = static_cast<std::uint8_t>(header_bytes_ + size);
    portion = portion.subspan(size);
  }
}

// Checks a complete header; a result means that the frame is refused.
std::optional<FrameParser::Result> FrameParser::begin_frame() {
  const auto first = byte(header_[0]);
  const auto second = byte(header_[1]);
  if ((first & reserved_bits) != 0) return fail(protocol_error, "reserved bits are set");
  if (!is_known(first & 0x0FU)) return fail(protocol_error, "unknown opcode");
  if ((second & mask_bit) == 0) return fail(protocol_error, "frame is not masked");
  opcode_ = static_cast<Opcode>(first & 0x0FU);
  last_ = (first & fin_bit) != 0;

  std::uint64_t length = second & 0x7FU;
  const auto extra = length_bytes(second);
  if (extra != 0) {
    length = 0;
    for (std::size_t i = 0; i < extra; ++i) length = (length << 8U) | byte(header_[2 + i]);
    const bool shortest = extra == 2 ? length >= 126 : length > 0xFFFF;
    if (!shortest || (length >> 63U) != 0) return fail(protocol_error, "bad length");
  }
  std::memcpy(mask_.data(), header_.data() + 2 + extra, mask_.size());

  if (is_control(opcode_)) {
    if (!last_) return fail(protocol_error, "control frame is fragmented");
    if (length > control_bytes_max) return fail(protocol_error, "control frame is too long");
  } else {
    if (opcode_ == Opcode::binary) return fail(not_text, "binary frames are not taken");
    if (opcode_ == Opcode::continuation && !fragmented_)
      return fail(protocol_error, "continuation of nothing");
    if (opcode_ == Opcode::text && fragmented_)
      return fail(protocol_error, "new message within a fragmented one");
    if (!fragmented_) message_bytes_ = fragments_ = 0;
    if (++fragments_ > fragments_max) return fail(too_large, "message has too many fragments");
    if (length > message_bytes_max_ - message_bytes_)
      return fail(too_large, "message is too large");
    message_bytes_ += static_cast<std::uint32_t>(length);
  }
  frame_bytes_ = static_cast<std::uint32_t>(length);
  frame_taken_ = 0;
  header_bytes_ = 0;
  state_ = State::payload;
  return std::nullopt;
}

std::string& FrameParser::collected() {
  if (!incomplete_) incomplete_ = std::make_unique<Incomplete>();
  return is_control(opcode_) ? incomplete_->control : incomplete_->message;
}

FrameParser::Result FrameParser::end_frame(std::string_view payload) {
  state_ = State::header;
  switch (opcode_) {
    case Opcode::ping:
      return {Result::Kind::ping, 0, payload};
    case Opcode::pong:
      return {Result::Kind::pong, 0, payload};
    case Opcode::close:
      return end_close(payload);
    case Opcode::continuation:
    case Opcode::text:
    case Opcode::binary:
      break;
  }
  fragmented_ = false;
  return end_message(payload);
}

FrameParser::Result FrameParser::end_message(std::string_view text) {
  if (!is_utf8(text)) return fail(not_utf8, "text is not UTF-8");
  return {Result::Kind::message, 0, text};
}

FrameParser::Result FrameParser::end_close(std::string_view payload) {
  if (payload.empty()) {
    state_ = State::finished;
    return {Result::Kind::close, no_code, {}};
  }
  if (payload.size() == 1) return fail(protocol_error, "close frame without a code");
  const auto code = static_cast<std::uint16_t>((byte(payload[0]) << 8U) | byte(payload[1]));
  if (!is_close_code(code)) return fail(protocol_error, "bad close code");
  const auto reason = payload.substr(2);
  if (!is_utf8(reason)) return fail(not_utf8, "reason is not UTF-8");
  state_ = State::finished;
  return {Result::Kind::close, code, reason};
}

FrameParser::Result FrameParser::fail(std::uint16_t code, std::string_view reason) {
  state_ = State::finished;
  return {Result::Kind::error, code, reason};
}

std::size_t write_frame_header(Opcode opcode, std::size_t payload_bytes, char* out) {
  out[0] = static_cast<char>(fin_bit | static_cast<std::uint8_t>(opcode));
  if (payload_bytes < 126) {
    out[1] = static_cast<char>(payload_bytes);
    return 2;
  }
  const std::size_t extra = payload_bytes <= 0xFFFF ? 2 : 8;
  out[1] = extra == 2 ? 126 : 127;
  for (std::size_t i = 0; i < extra; ++i)
    out[2 + i] = static_cast<char>((payload_bytes >> (8 * (extra - 1 - i))) & 0xFFU);
  return 2 + extra;
}

bool is_close_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  auto cut = std::min(reason.size(), control_bytes_max - 2);
  // Never in the middle of a character.
  while (cut < reason.size() && cut > 0 && (byte(reason[cut]) & 0xC0U) == 0x80) --cut;
  std::string payload;
  payload.reserve(2 + cut);
  payload.push_back(static_cast<char>(code >> 8U));
  payload.push_back(static_cast<char>(code & 0xFFU));
  payload.append(reason.substr(0, cut));
  return payload;
}

bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    while (at + 8 <= text.size()) {
      std::uint64_t chunk = 0;
      std::memcpy(&chunk, text.data() + at, sizeof chunk);
      if ((chunk & 0x8080808080808080ULL) != 0) break;
      at += 8;
    }
    if (at == text.size()) return true;
    const auto lead = byte(text[at]);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    // The second byte's bounds rule out overlong forms, surrogates and what lies
    // above U+10FFFF (Unicode, table 3-7).
    std::size_t more = 0;
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (text.size() - at <= more) return false;
    for (std::size_t i = 1; i <= more; ++i) {
      const auto follow = byte(text[at + i]);
      if (follow < low || follow > high) return false;
      low = 0x80;
      high = 0xBF;
    }
    at += more + 1;
  }
  return true;
}

}  // namespace callstate::transports
