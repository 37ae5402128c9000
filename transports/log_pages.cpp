#include "transports/log_pages.hpp"

#include <variant>

namespace callstate::transports {
namespace {

/// Records that are read for one page, whether they fit or not.
constexpr std::size_t looks_max = 16'384;
/// Among which the last few are looked for.
constexpr std::size_t looks_back_max = 131'072;
/// Of texts: the one that reaches it is the last of the page.
constexpr std::size_t page_bytes = 256UL * 1024;

}  // namespace

std::expected<call::Position, engine::Failure> LogPages::begin(call::Position otherwise) const {
  if (wanted_.after) return *wanted_.after;
  if (!wanted_.last) return otherwise;
  return engine::before_last(ports_.log, wanted_.query, *wanted_.last, ports_.mailbox.head(),
                             looks_back_max);
}

std::expected<LogPage, engine::Failure> LogPages::read(call::Position after,
                                                       std::size_t max) const {
  LogPage page;
  page.head = ports_.mailbox.head();
  std::size_t bytes = 0;
  const auto take = [&](const call::Record& record) {
    // Whatever is wanted: the reader's token ends with it.
    page.revokes = page.revokes || (std::holds_alternative<call::Revoked>(record.payload) &&
                                    record.stream.name == reader_);
    if (!wanted_.query.fits(record)) return true;
    page.lines.push_back({record.position, record_text(record)});
    bytes += page.lines.back().text.size();
    return page.lines.size() < max && bytes < page_bytes;
  };
  const engine::LogQuery whole{.tenant = wanted_.query.tenant};
  const auto cursor = engine::read_log(ports_.log, whole, after, page.head, looks_max, take);
  if (!cursor) return std::unexpected(cursor.error());
  page.cursor = *cursor;
  return page;
}

}  // namespace callstate::transports
