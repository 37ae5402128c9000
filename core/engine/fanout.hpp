#pragma once

#include <vector>

#include "core/engine/effect.hpp"

namespace callstate::engine {

/// Delivers to several transports, in the order in which they were added. Add
/// before the engine starts; they must outlive it.
class Fanout final : public Delivery {
 public:
  void add(Delivery& delivery) { deliveries_.push_back(&delivery); }
  void deliver(const Effects& effects) override {
    for (Delivery* delivery : deliveries_) delivery->deliver(effects);
  }

 private:
  std::vector<Delivery*> deliveries_;
};

}  // namespace callstate::engine
