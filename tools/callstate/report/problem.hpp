#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/call/event.hpp"

namespace callstate::tools {

/// What a problem concerns: a stream, and of a room the call, as far as it is known.
struct Place {
  call::Stream stream;
  call::CallId call{};
  call::Position position = 0;  // of its record; 0: it is not known which
};

/// Something in a log that is not as it was written, or not as it must be.
struct Problem {
  call::Position position = 0;    // 0: of the log as a whole
  std::string where{};            // `room demo of tenant acme`; empty: the log
  std::string what{};             // a sentence
  call::Position last = 0;        // of a run of positions that begins with `position`
  std::optional<Place> place{};   // whose record it is, where it is one's
  std::vector<Place> concerns{};  // whose it is or may be, where it is not one record's
};

/// `room demo of tenant acme`.
std::string describe(const call::Stream& stream);
/// `room demo of tenant acme, call 0190d6a4-…`.
std::string describe(const Place& place);
/// The first few of them, and how many more there are.
std::string list_of(const std::vector<Place>& places, const std::string& separator);

}  // namespace callstate::tools
