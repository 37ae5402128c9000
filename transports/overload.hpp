#pragma once

namespace callstate::transports {

/// Several lambdas as one visitor.
template <class... F>
struct Overload : F... {
  using F::operator()...;
};

}  // namespace callstate::transports
