#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tools/callstate/carry/header.hpp"

namespace callstate::tools {

/// Where and why an export is refused.
struct UnpackFault {
  std::uint64_t line = 0;
  LineFault fault;

  /// `line 7, field seq: is 9, where 3 follows`.
  [[nodiscard]] std::string sentence() const;
};

/// Reads an export line by line and trusts nothing in it: every record must be one
/// that the log could hold, follow its stream's record before it by hash and by seq,
/// be possible in its call, and have the hash that its line says; and all lines must
/// have the hash that the last one says. One thread; memory grows by some hundred
/// bytes a stream.
class Unpacker {
 public:
  Unpacker();
  ~Unpacker();

  enum class Took : std::uint8_t { header, record, end };
  /// The next line, without its end.
  std::expected<Took, UnpackFault> take(std::string_view line);
  /// After the last line: whether it was the one that ends an export.
  std::expected<void, UnpackFault> finish() const;

  /// After `Took::header`.
  [[nodiscard]] const Header& header() const;
  /// The last one taken, with the position that its line says.
  [[nodiscard]] const call::Record& record() const;
  [[nodiscard]] std::uint64_t records() const;
  [[nodiscard]] std::uint64_t lines() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace callstate::tools
