#include <algorithm>

#include "projections/postgres/detail/merge.hpp"
#include "projections/postgres/detail/shadow.hpp"

namespace callstate::projections::postgres {
namespace {

/// Where the rows are that are to be compared; in the snapshot of `work`.
call::Position rows_at(pqxx::transaction_base& work, const Source& source) {
  const auto rows = work.exec(R"(SELECT "logId", "position" FROM "ProjectionCheckpoint")"
                              R"( WHERE "projection" = 'postgres')");
  const std::string log_id = rows.empty() ? std::string() : rows[0][0].c_str();
  const auto position = rows.empty() ? 0 : rows[0][1].as<call::Position>();
  if (position == 0) {
    refuse(Trouble::Kind::lasting,
           "there are no rows in PostgreSQL yet: start the server with --postgres, or make them "
           "(callstate projection rebuild)");
  }
  if (log_id != source.log_id) {
    refuse(Trouble::Kind::lasting, "the rows in PostgreSQL are of another log (" + log_id +
                                       ", and this is " + source.log_id + ")");
  }
  if (position > source.log.head()) {
    refuse(Trouble::Kind::lasting,
           "the rows in PostgreSQL are at position " + std::to_string(position) +
               ", ahead of the log, which ends at " + std::to_string(source.log.head()) +
               ": make them anew (callstate projection rebuild)");
  }
  return position;
}

std::uint64_t count(pqxx::transaction_base& work, const std::string& table) {
  return work.exec1("SELECT count(*) FROM \"" + table + '"')[0].as<std::uint64_t>();
}

/// All in one snapshot: what the server writes meanwhile is of later positions.
void compare(Shadow& shadow, const Source& source, const VerifyOptions& options, Verified& result) {
  pqxx::transaction<pqxx::repeatable_read> work(shadow.connection());
  result.position = rows_at(work, source);
  shadow.catch_up(work, result.position);
  work.exec("ANALYZE \"CallLog_rebuild\", \"CallEvent_rebuild\"");
  result.calls = count(work, shadow_tables().calls);
  result.events = count(work, shadow_tables().events);
  result.more = find_drift(work, options.drift_max, result.drift);
  work.commit();
}

std::uint64_t repair(Shadow& shadow, const Source& source, const std::vector<Drift>& drift) {
  pqxx::work work(shadow.connection());
  const auto live = locked(work, live_tables(), source.log_id);
  shadow.catch_up(work, live.position);
  const auto repaired =
      replace_calls(work, these_calls(drift)) + replace_events(work, these_events(drift));
  forget_live_from(work, live_tables());
  work.commit();
  return repaired;
}

}  // namespace

std::expected<Verified, Trouble> verify(const Settings& settings, const Source& source,
                                        const VerifyOptions& options,
                                        const OnProgress& on_progress) {
  return guarded(settings, [&]() -> Verified {
    Verified result;
    Shadow shadow(settings, source, options.batch_records);
    call::Position upto = 0;
    {
      pqxx::work work(shadow.connection());
      upto = rows_at(work, source);
    }
    // Of a rebuild that was ahead of the rows: calls of then say too much.
    if (shadow.position() > upto) shadow.empty();
    const auto report = [&](Progress::Step step) { return on_progress({step, upto, upto, 0}); };
    if (!shadow.fill(upto, on_progress) || !report(Progress::Step::comparing)) return result;
    compare(shadow, source, options, result);
    if (options.repair && !result.drift.empty()) {
      if (!report(Progress::Step::replacing)) return result;
      result.repaired = repair(shadow, source, result.drift);
    }
    pqxx::work work(shadow.connection());
    drop_shadow_tables(work);
    work.commit();
    result.finished = true;
    return result;
  });
}

}  // namespace callstate::projections::postgres
