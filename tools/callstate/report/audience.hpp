#pragma once

#include <string>
#include <vector>

#include "tools/callstate/report/history.hpp"

namespace callstate::tools {

/// A user to whom a record was delivered, and how.
struct Recipient {
  call::UserId user;
  std::string hears;  // `ACCEPTED`, `an ERROR` …
  std::string note;   // may be empty
};

/// To whom the record at `position` of the history went: for an applied one the fold of
/// the mailbox itself, by which a client that comes back gets it.
std::vector<Recipient> audience_of(const History& history, call::Position position);

}  // namespace callstate::tools
