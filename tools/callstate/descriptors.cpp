#include "tools/callstate/descriptors.hpp"

#include <sys/resource.h>

#include "storage/call_index.hpp"
#include "storage/store.hpp"

namespace callstate::tools {

std::expected<std::size_t, std::string> allowed_connections(
    std::size_t wanted, bool with_index, const std::shared_ptr<spdlog::logger>& log) {
  const rlim_t for_the_rest =
      storage::descriptors_max + (with_index ? storage::index_descriptors_max : 0) + 64;
  constexpr rlim_t connections_min = 16;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  (void)getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < for_the_rest + connections_min) {
    return std::unexpected("the system allows " + std::to_string(limit.rlim_cur) +
                           " open files and at least " +
                           std::to_string(for_the_rest + connections_min) +
                           " are needed: raise the hard limit (ulimit -Hn, LimitNOFILE=)");
  }
  const auto allowed = static_cast<std::size_t>(limit.rlim_cur - for_the_rest);
  if (wanted <= allowed) return wanted;
  log->warn(
      "the system allows {} open files: at most {} connections at a time, where "
      "--connections says {}",
      limit.rlim_cur, allowed, wanted);
  return allowed;
}

}  // namespace callstate::tools
