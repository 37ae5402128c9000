#include <algorithm>

#include "projections/postgres/detail/merge.hpp"
#include "projections/postgres/detail/shadow.hpp"

namespace callstate::projections::postgres {
namespace {

/// How far the rows that readers read have come, as far as that is ours to ask: those
/// of another log count as none.
call::Position rows_at(const Checkpoint& found, const Source& source,
                       const RebuildOptions& options) {
  if (found.log_id == source.log_id || found.position == 0) {
    return std::min(found.position, source.log.head());
  }
  if (options.take_over) return 0;
  refuse(
      Trouble::Kind::lasting,
      "the rows in PostgreSQL are of another log (" + found.log_id + ", and this is " +
          source.log_id +
          "): name another schema or database, or say that they are to be replaced (--take-over)");
}

class Swap {
 public:
  Swap(Shadow& shadow, const Source& source, const RebuildOptions& options)
      : shadow_(shadow), source_(source), options_(options), work_(shadow.connection()) {}

  std::uint64_t run() {
    work_.exec("ANALYZE \"CallLog_rebuild\", \"CallEvent_rebuild\"");
    // What lies behind both nobody else writes, so it needs no lock: of a long log
    // that is nearly all there is to do.
    const auto settled = std::min(shadow_.position(), settled_rows());
    std::uint64_t replaced = 0;
    if (settled > 0) {
      replaced += remove_impostors(work_, settled);
      replaced += replace_events(work_, events_between(0, settled));
    }
    const auto live = locked(work_, live_tables(), source_.log_id);
    shadow_.catch_up(work_, std::max(rows_at(live, source_, options_), shadow_.position()));
    replaced += replace_events(work_, events_between(settled, 0));
    replaced += replace_calls(work_, "true");
    if (live.log_id != source_.log_id) {
      work_.exec(R"(DELETE FROM "ProjectionSkip" WHERE "projection" = 'postgres')");
    }
    if (live.position != shadow_.position() || live.log_id != source_.log_id) {
      taken_over(work_, live_tables(), {source_.log_id, shadow_.position(), live.writer, {}});
    }
    // Who keeps the rows may know nothing of a call that was missing in them.
    forget_live_from(work_, live_tables());
    drop_shadow_tables(work_);
    work_.commit();
    return replaced;
  }

 private:
  call::Position settled_rows() {
    const auto rows = work_.exec(R"(SELECT "logId", "position" FROM "ProjectionCheckpoint")"
                                 R"( WHERE "projection" = 'postgres')");
    if (rows.empty()) return 0;
    const Checkpoint found{rows[0][0].c_str(), rows[0][1].as<call::Position>(), 0, {}};
    return rows_at(found, source_, options_);
  }

  Shadow& shadow_;
  const Source& source_;
  const RebuildOptions& options_;
  pqxx::work work_;
};

}  // namespace

std::expected<Rebuilt, Trouble> rebuild(const Settings& settings, const Source& source,
                                        const RebuildOptions& options,
                                        const OnProgress& on_progress) {
  return guarded(settings, [&]() -> Rebuilt {
    Shadow shadow(settings, source, options.batch_records);
    {
      pqxx::work work(shadow.connection());
      (void)rows_at(locked(work, live_tables(), source.log_id), source, options);
    }
    // The log goes on meanwhile: as long as that is more than a moment's worth.
    do {
      if (!shadow.fill(source.log.head(), on_progress)) return {false, shadow.position(), 0};
    } while (source.log.head() - shadow.position() > options.batch_records);
    if (!on_progress({Progress::Step::replacing, shadow.position(), shadow.position(), 0})) {
      return {false, shadow.position(), 0};
    }
    const auto replaced = Swap(shadow, source, options).run();
    return {true, shadow.position(), replaced};
  });
}

}  // namespace callstate::projections::postgres
