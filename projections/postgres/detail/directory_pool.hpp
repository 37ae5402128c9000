#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "projections/postgres/detail/connection.hpp"
#include "projections/postgres/detail/directory_cache.hpp"
#include "projections/postgres/directory.hpp"

namespace callstate::projections::postgres {

/// The threads that ask the database, and who waits for what. Any thread.
class DirectoryPool {
 public:
  using Answer = engine::Directory::Answer;
  using Callback = engine::Directory::Callback;
  DirectoryPool(DirectorySettings settings, DirectoryCache& cache, PostgresDirectory::Now now);
  ~DirectoryPool();
  DirectoryPool(const DirectoryPool&) = delete;
  DirectoryPool& operator=(const DirectoryPool&) = delete;

  void look_up(const call::UserId& user, Callback done);
  [[nodiscard]] std::optional<engine::Profile> fresh(const call::UserId& user);
  [[nodiscard]] std::optional<engine::Profile> remembered(const call::UserId& user);
  [[nodiscard]] DirectoryCounts counts() const;

 private:
  using Time = DirectoryCache::Time;

  void work();
  /// On a thread's own connection, which is dropped after trouble.
  Answer ask(std::unique_ptr<Connection>& connection, const call::UserId& user);
  Answer found(const call::UserId& user, const pqxx::row& row);
  void in_trouble(const Trouble& trouble);
  /// With the lock held: has the user asked for, unless it is already.
  void enqueue(const call::UserId& user, Callback done);
  /// While the database cannot be asked: what was known before, or a refusal.
  Answer without_database(const call::UserId& user, const std::string& why);

  const DirectorySettings settings_;
  const Settings connect_;
  DirectoryCache& cache_;
  const PostgresDirectory::Now now_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::condition_variable more_;
  std::deque<call::UserId> queue_;
  std::map<call::UserId, std::vector<Callback>> waiting_;  // in the queue, or being asked
  bool stopping_ = false;
  Time leave_alone_until_{};
  std::chrono::milliseconds pause_{};
  std::string trouble_;
  DirectoryCounts counts_;

  std::vector<std::thread> threads_;
};

}  // namespace callstate::projections::postgres
