#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace callstate::transports {

/// How many of something each of many may have at once, by name: a place for each,
/// given back when it is destroyed. Any thread.
class Places {
  using Taken = std::map<std::string, std::size_t, std::less<>>;

 public:
  explicit Places(std::size_t each_max) : each_max_(each_max) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  /// The places outlive it.
  class Place {
   public:
    Place(Place&& other) noexcept
        : places_(std::exchange(other.places_, nullptr)), of_(other.of_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (places_ != nullptr) places_->give_back(*of_);
    }

   private:
    friend class Places;
    Place(Places& places, Taken::value_type& of) : places_(&places), of_(&of) {}
    Places* places_;
    Taken::value_type* of_;
  };

  /// Nothing when all of them are taken.
  [[nodiscard]] std::optional<Place> take(std::string_view name);

 private:
  void give_back(Taken::value_type& of);

  const std::size_t each_max_;
  std::mutex mutex_;
  Taken taken_;  // by name; none is 0
};

}  // namespace callstate::transports
