#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "projections/webhooks/deliveries.hpp"

namespace callstate::projections {

/// A POST to the receiver.
struct Request {
  std::vector<std::pair<std::string, std::string>> fields;  // of its head
  std::string body;
};

/// Sends requests, several at a time. All but `wake` on one thread.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  /// Begins one; `number` is the caller's, and of no other that is under way.
  virtual void start(std::uint64_t number, Request request) = 0;

  struct Finished {
    std::uint64_t number = 0;
    Answer answer{};
  };
  /// Works on those under way until at least one has finished, `wake` was called
  /// or so long has passed; gives what has finished.
  virtual std::vector<Finished> run(std::chrono::milliseconds at_most) = 0;

  /// Ends `run`, or the next one. Any thread.
  virtual void wake() = 0;
};

}  // namespace callstate::projections
