#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace callstate::projections::postgres {

/// The connections to PostgreSQL that are open, so that they can be cut by another
/// thread than the one that is blocked on one. libpq waits for an answer for as long as
/// the peer's kernel is well: of a server that is stopped, or of a proxy whose server is
/// gone, for ever. Any thread.
class Cutter {
 public:
  Cutter();
  ~Cutter();  // once no connection and no limit is left
  Cutter(const Cutter&) = delete;
  Cutter& operator=(const Cutter&) = delete;

  /// Cuts all that are open once `patience` has passed, and any that is opened after
  /// that. Does not wait. The first call counts.
  void end(std::chrono::milliseconds patience);
  [[nodiscard]] bool ended() const;

  /// One that is open, and used by the thread that has made this.
  class Line {
   public:
    Line(Cutter& cutter, int socket);
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

   private:
    Cutter& cutter_;
    const int socket_;
  };

  /// Cuts those of the thread that has made this, unless it is gone before `time` is over.
  class Limit {
   public:
    Limit(Cutter& cutter, std::chrono::milliseconds time);
    ~Limit();
    Limit(const Limit&) = delete;
    Limit& operator=(const Limit&) = delete;
    [[nodiscard]] bool passed() const;

   private:
    Cutter& cutter_;
    const std::uint64_t number_;
  };

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Limited {
    Time at;
    std::thread::id thread;
    bool passed = false;
  };

  void watch();
  // With the lock held.
  [[nodiscard]] std::optional<Time> next() const;
  void cut(std::optional<std::thread::id> of) const;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::condition_variable changed_;
  std::map<int, std::thread::id> open_;  // duplicates of their sockets, by whom each is used
  std::map<std::uint64_t, Limited> limits_;
  std::uint64_t last_limit_ = 0;
  std::optional<Time> end_at_;
  bool ended_ = false;
  bool closing_ = false;

  std::thread thread_;
};

}  // namespace callstate::projections::postgres
