#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "storage/store.hpp"
#include "transports/http.hpp"

namespace callstate::tools {

/// Checkpoints of the live log for tools on the same machine: hard links that a
/// tool opens read-only beside the running server, so that nothing has to be
/// stopped to look.
///
///   POST   /v1/checkpoints         201 {"name", "path", "position"}; to an AUDITOR also
///                                  "tenantId", of the only calls that are its own
///   DELETE /v1/checkpoints/{name}  204
///
/// For the roles AUDITOR and SERVICE. A tenant has `of_a_tenant_max` at a time: a
/// further one takes the place of its oldest, and nobody's tools can take away what
/// another tenant's look at. With `checkpoints_max` of all tenants, one that is older
/// than `kept_for` makes room, or the answer is 503. All go when the server starts.
class Checkpoints {
 public:
  static constexpr std::size_t of_a_tenant_max = 4;
  static constexpr std::size_t checkpoints_max = 32;
  static constexpr std::chrono::minutes kept_for{10};

  /// `copy_index`: links a copy of the index of calls into a directory that is not there
  /// yet; tools find by it what they would read the whole log for. It is as of no later
  /// than the log, and may be missing.
  using CopyIndex = std::function<void(const std::filesystem::path& to)>;
  Checkpoints(storage::Store& store, const std::filesystem::path& data_dir, CopyIndex copy_index);

  /// The answer, or nothing when the path is not one of these. Any thread.
  std::optional<transports::HttpResponse> answer(const transports::HttpRequest& request);

 private:
  transports::HttpResponse make(const transports::Identity& by);
  transports::HttpResponse remove(std::string_view name, const transports::Identity& by);
  [[nodiscard]] bool make_space(const call::TenantId& tenant);
  void remove(std::uint64_t number);

  struct Made {
    call::TenantId tenant;
    std::chrono::steady_clock::time_point at;
  };

  storage::Store& store_;
  CopyIndex copy_index_;
  std::filesystem::path folder_;
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Made> made_;  // by number: the oldest first
};

}  // namespace callstate::tools
