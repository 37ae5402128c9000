#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/callstate/report/trouble.hpp"
#include "tools/callstate/terminal_size.hpp"

namespace callstate::tools {

/// The whole terminal, for a program that draws on it and reads keys: another screen,
/// without echo and without a cursor. What was there comes back when this goes, and on
/// a signal that ends or stops the process; continued, it is taken again. One at a time.
class Terminal {
 public:
  /// Trouble: standard input or output is no terminal.
  static std::expected<Terminal, Trouble> take();
  ~Terminal();
  Terminal(Terminal&& other) noexcept;
  Terminal& operator=(Terminal&&) = delete;

  /// One line for each row there is, without control characters but colours.
  void draw(const std::vector<std::string>& lines);

  struct Key {
    enum class Kind : unsigned char {
      character,  // `text`, one character of UTF-8
      left,
      right,
      up,
      down,
      home,
      end,
      page_up,
      page_down,
      enter,
      escape,
      backspace,
      redraw,  // no key: the terminal has another size, or was given back
      closed,  // no more keys will come
    };
    Kind kind = Kind::character;
    std::string text{};
  };
  /// Waits for the next key.
  Key read_key();
  /// Whether a key waits to be read.
  [[nodiscard]] static bool has_key();

 private:
  Terminal() = default;
  /// The next byte; nothing when none comes in so many milliseconds, -1: ever, or when
  /// something else came.
  std::optional<char> read_byte(int patience_ms);
  Key read_sequence();

  bool mine_ = false;
  bool closed_ = false;
};

}  // namespace callstate::tools
