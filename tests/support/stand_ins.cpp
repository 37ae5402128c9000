#include "support/stand_ins.hpp"

namespace callstate::support {

call::CallId SeededIds::next_call(call::Time now) {
  const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
  const std::uint64_t bits = random();
  call::CallId id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(time >> (56 - 8 * i));
    id.bytes[8 + i] = static_cast<std::uint8_t>(bits >> (8 * i));
  }
  return id;
}

void RecordingDelivery::deliver(const engine::Effects& effects) {
  {
    const std::scoped_lock lock(mutex_);
    effects_.insert(effects_.end(), effects->begin(), effects->end());
    sizes_.push_back(effects->size());
  }
  more_.notify_all();
}

std::vector<engine::Effect> RecordingDelivery::all() const {
  const std::scoped_lock lock(mutex_);
  return effects_;
}

std::vector<engine::Effect> RecordingDelivery::take() {
  const std::scoped_lock lock(mutex_);
  std::vector<engine::Effect> taken(effects_.begin() + static_cast<std::ptrdiff_t>(taken_),
                                    effects_.end());
  taken_ = effects_.size();
  return taken;
}

std::vector<std::size_t> RecordingDelivery::sizes() const {
  const std::scoped_lock lock(mutex_);
  return sizes_;
}

bool RecordingDelivery::wait_for(const Enough& enough, std::chrono::seconds patience) {
  std::unique_lock lock(mutex_);
  return more_.wait_for(lock, patience, [&] { return enough(effects_); });
}

}  // namespace callstate::support
