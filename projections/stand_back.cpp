#include "projections/stand_back.hpp"

#include <sys/resource.h>

namespace callstate::projections {

// On Linux a nice value is a thread's own, and 0 names the calling thread.
void stand_back(int niceness) {
  if (::getpriority(PRIO_PROCESS, 0) < niceness) (void)::setpriority(PRIO_PROCESS, 0, niceness);
}

}  // namespace callstate::projections
