#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string_view>

#include "core/engine/ports.hpp"
#include "tools/callstate/carry/anonymiser.hpp"
#include "tools/callstate/carry/header.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// A log to be exported.
struct Exportable {
  const engine::LogReader& log;
  /// What an export of all of it says in its first line.
  Header header;
  /// The position that a record had in the log that it was written to; empty: the
  /// one it has.
  std::function<call::Position(call::Position)> original{};
};

struct Exported {
  Header header;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

/// Takes the next piece of text; false when it cannot.
using TextSink = std::function<bool(std::string_view)>;

/// Writes what is wanted of the log to `sink`, from the first line to the last.
/// Fails rather than lose anything: on a record that cannot be read, or that holds
/// something that this build would not write back. Nothing was written to the sink
/// when nothing was found.
std::expected<Exported, Trouble> export_log(const Exportable& from, const Selection& wanted,
                                            Anonymiser* anonymiser, const TextSink& sink);

}  // namespace callstate::tools
