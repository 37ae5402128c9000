#include "storage/sound.hpp"

#include "storage/chain_checker.hpp"

namespace callstate::storage {

std::expected<call::Time, engine::Failure> read_all(const StoredLog& log) {
  auto chains = log.is_part() ? ChainChecker(ChainChecker::Since::middle)
                              : ChainChecker(log.reader().beginning());
  std::expected<call::Time, engine::Failure> last_at{};
  const auto read = log.reader().read(
      1, log.reader().head(), [&](const call::Record& record, const engine::RecordHash& hash) {
        if (auto follows = chains.check(record, hash); !follows) {
          last_at = std::unexpected(follows.error());
          return false;
        }
        *last_at = record.at;
        return true;
      });
  if (!read) return std::unexpected(read.error());
  return last_at;
}

}  // namespace callstate::storage
