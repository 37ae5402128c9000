#pragma once

#include <span>

namespace callstate::projections::postgres {

/// One file of schemas/sql, embedded.
struct Migration {
  int version;
  const char* name;    // of the file, without its ending
  const char* sha256;  // of its text, in hex
  const char* text;
};

/// All of them, version 1 first, without holes.
std::span<const Migration> migrations();

}  // namespace callstate::projections::postgres
