#pragma once

namespace callstate::projections {

/// What past calls are told and how soon matters less than that calls go on: so
/// much does a thread that keeps derived data stand back for the others (nice(2)).
/// Where a core is left it costs nothing; where none is, such a thread still gets
/// a tenth of what another does.
constexpr int behind_calls = 10;

/// The calling thread stands back from now on, for good: an unprivileged process
/// can take nothing of it back. Never less than it does already.
void stand_back(int niceness);

}  // namespace callstate::projections
