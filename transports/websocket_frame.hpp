#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace callstate::transports {

// RFC 6455 framing, the server's side, without extensions. Pure: no I/O, no
// clock. docs/protocol.md says which close code answers what.

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA,
};

/// Payload bytes of a control frame, at most (RFC 6455, 5.5).
constexpr std::size_t control_bytes_max = 125;
/// Fragments of one message, at most: empty ones would otherwise have no end.
constexpr std::uint32_t fragments_max = 1024;
/// Bytes of a header that the server writes, at most.
constexpr std::size_t server_header_bytes_max = 10;

/// Reads a client's frames from bytes that arrive in any portions. One per
/// connection; used by one thread. A complete frame in one portion is neither
/// copied nor allocated for; memory is held only while a message is incomplete.
class FrameParser {
 public:
  /// A message, over all its fragments, may have `message_bytes_max` bytes. More
  /// is refused as soon as a header announces it, before anything is kept.
  explicit FrameParser(std::uint32_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  struct Result {
    enum class Kind : std::uint8_t {
      need_more,  // the portion is used up
      message,    // a whole text message, valid UTF-8
      ping,
      pong,
      close,  // the peer's close frame; `code` is 1005 when it carried none
      error,  // the peer broke the protocol: close with `code` and `payload` as the reason
    };
    Kind kind = Kind::need_more;
    std::uint16_t code = 0;
    /// Points into the portion or into the parser: valid until the next call.
    std::string_view payload{};
  };

  /// Takes bytes from the front of `portion`, unmasking them in place, until
  /// there is something to report or nothing is left. After `close` or `error`
  /// the rest of the connection is swallowed unread.
  [[nodiscard]] Result next(std::span<char>& portion);

 private:
  struct Incomplete {
    std::string message;  // fragments so far
    std::string control;  // a control frame so far
  };

  [[nodiscard]] bool take_header(std::span<char>& portion);
  [[nodiscard]] std::optional<Result> begin_frame();
  [[nodiscard]] std::string& collected();
  [[nodiscard]] Result end_frame(std::string_view payload);
  [[nodiscard]] Result end_message(std::string_view text);
  [[nodiscard]] Result end_close(std::string_view payload);
  [[nodiscard]] Result fail(std::uint16_t code, std::string_view reason);

  enum class State : std::uint8_t { header, payload, finished };

  std::uint32_t message_bytes_max_;
  std::uint32_t message_bytes_ = 0;  // of the fragments so far, this frame's included
  std::uint32_t fragments_ = 0;
  std::uint32_t frame_bytes_ = 0;
  std::uint32_t frame_taken_ = 0;
  std::array<char, 14> header_{};
  std::uint8_t header_bytes_ = 0;
  State state_ = State::header;
  Opcode opcode_ = Opcode::continuation;
  bool last_ = false;        // the frame's FIN bit
  bool fragmented_ = false;  // a text message has begun and not ended
  bool done_with_incomplete_ = false;
  std::array<char, 4> mask_{};
  std::unique_ptr<Incomplete> incomplete_;
};

/// Writes the header of an unfragmented, unmasked frame into `out`, which has
/// room for `server_header_bytes_max`; gives its length.
std::size_t write_frame_header(Opcode opcode, std::size_t payload_bytes, char* out);

/// Whether a peer may put `code` into a close frame (RFC 6455, 7.4).
bool is_close_code(std::uint16_t code);

/// A close frame's payload: the code and as much of the reason as fits.
std::string close_payload(std::uint16_t code, std::string_view reason);

/// Whether `text` is well-formed UTF-8: no overlong forms, no surrogates,
/// nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace callstate::transports
