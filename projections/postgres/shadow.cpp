#include "projections/postgres/detail/shadow.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "projections/postgres/detail/text.hpp"

namespace callstate::projections::postgres {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* lock_tools = "SELECT pg_try_advisory_lock(1667329140, hashtext(";

// PostgreSQL hears of the end of a connection, and with it of its lock's, a little
// after whoever had it has gone.
constexpr int lock_tries = 40;
constexpr std::chrono::milliseconds lock_pause{50};

/// Takes the lock of those who use the shadow tables; false while another has it.
bool alone(pqxx::transaction_base& work, const std::string& schema) {
  const auto take = text(lock_tools, literal(work, schema), "))");
  for (int tries = 1; !work.exec1(take)[0].as<bool>(); ++tries) {
    if (tries == lock_tries) return false;
    std::this_thread::sleep_for(lock_pause);
  }
  return true;
}

/// Whether a shadow that is there has the columns of the table beside it.
constexpr const char* is_alike =
    "SELECT count(*) = 0 FROM (SELECT attname, atttypid, atttypmod, row_number() OVER "
    "(PARTITION BY attrelid ORDER BY attnum) FROM pg_attribute WHERE attnum > 0 AND NOT "
    "attisdropped AND attrelid = any(ARRAY[to_regclass($1), to_regclass($2)]) "
    ") AS columns GROUP BY attname, atttypid, atttypmod HAVING count(*) <> 2";

/// Positions of this log that were passed over on purpose: rows leave them out.
std::set<call::Position> skipped_positions(pqxx::transaction_base& work,
                                           const std::string& log_id) {
  std::set<call::Position> found;
  for (const auto& row : work.exec(text(
           R"(SELECT s."position" FROM "ProjectionSkip" AS s JOIN "ProjectionCheckpoint" AS c )"
           R"(USING ("projection") WHERE "projection" = 'postgres' AND c."logId" = )",
           literal(work, log_id)))) {
    found.insert(row[0].as<call::Position>());
  }
  return found;
}

bool alike(pqxx::transaction_base& work, const std::string& a, const std::string& b) {
  return work.exec_params(is_alike, '"' + a + '"', '"' + b + '"').empty();
}

}  // namespace

void drop_shadow_tables(pqxx::transaction_base& work) {
  const auto& tables = shadow_tables();
  for (const auto& table : {tables.calls, tables.events, tables.checkpoint}) {
    work.exec(text("DROP TABLE IF EXISTS \"", table, "\""));
  }
}

void make_shadow_tables(Connection& connection) {
  const auto& live = live_tables();
  const auto& shadow = shadow_tables();
  pqxx::work work(connection.raw());
  if (!alike(work, live.calls, shadow.calls) || !alike(work, live.events, shadow.events) ||
      !alike(work, live.checkpoint, shadow.checkpoint)) {
    drop_shadow_tables(work);
  }
  const auto make = [&](const std::string& as, const std::string& table, const std::string& key) {
    // Nobody but the owner reads them, whatever is granted by default.
    work.exec(text("CREATE UNLOGGED TABLE IF NOT EXISTS \"", table, "\" (LIKE \"", as,
                   "\" INCLUDING DEFAULTS, PRIMARY KEY (\"", key, "\"));", "ALTER TABLE \"", table,
                   "\" ENABLE ROW LEVEL SECURITY"));
  };
  make(live.calls, shadow.calls, "id");
  make(live.events, shadow.events, "position");
  make(live.checkpoint, shadow.checkpoint, "projection");
  work.commit();
}

Shadow::Shadow(const Settings& settings, const Source& source, std::size_t batch_records)
    : settings_(settings), source_(source), batch_records_(batch_records) {
  open();
}

void Shadow::open() {
  store_.reset();
  store_ = std::make_unique<Store>(
      settings_, shadow_tables(), source_.payload, source_.log_id,
      [&](pqxx::transaction_base& work, const Checkpoint& found) {
        if (!alone(work, settings_.schema)) {
          refuse(Trouble::Kind::passing,
                 text("a rebuild or verify of the schema ", settings_.schema,
                      " runs already: wait for it, or end it"));
        }
        skipped_ = skipped_positions(work, source_.log_id);
        // Of another log, or of one that has lost its end since.
        if (found.log_id == source_.log_id && found.position <= source_.log.head()) return found;
        work.exec(
            text("TRUNCATE \"", shadow_tables().calls, "\", \"", shadow_tables().events, "\""));
        return Checkpoint{source_.log_id, 0, found.writer, {}};
      });
  store_->connection().without_time_limits();
  history_ = history::CallHistory(store_->take_live());
}

void Shadow::empty() {
  {
    pqxx::work work(connection());
    drop_shadow_tables(work);
    work.commit();
  }
  open();
}

void Shadow::fold(call::Position upto, const Apply& apply) {
  if (position() + 1 < source_.log.first() && position() < upto) {
    refuse(Trouble::Kind::lasting, text("the log no longer has its beginning: it goes from ",
                                        std::to_string(source_.log.first()),
                                        ", and the rows before that are only in "
                                        "PostgreSQL"));
  }
  while (position() < upto) {
    const auto end = std::min<call::Position>(upto, position() + batch_records_);
    auto seen = position();
    const auto read = source_.log.read(position() + 1, end,
                                       [&](const call::Record& record, const engine::RecordHash&) {
                                         if (!skipped_.contains(record.position))
                                           history_.add(record);
                                         return record.position == ++seen;
                                       });
    if (!read) refuse(Trouble::Kind::lasting, read.error().message);
    if (seen != end) {
      refuse(Trouble::Kind::lasting, text("the log gives no record ", std::to_string(seen + 1),
                                          ": look at it with callstate verify"));
    }
    auto changes = history_.take();
    changes.position = end;
    if (!apply(changes)) return;
  }
}

bool Shadow::fill(call::Position upto, const OnProgress& on_progress) {
  const auto began = Clock::now();
  const auto from = position();
  bool go_on = true;
  fold(upto, [&](const history::Changes& changes) {
    store_->apply(changes);
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    const auto rate = static_cast<double>(position() - from) / std::max(seconds, 1e-6);
    go_on = on_progress({Progress::Step::folding, position(), upto, rate});
    return go_on;
  });
  return go_on;
}

void Shadow::catch_up(pqxx::transaction_base& work, call::Position upto) {
  fold(upto, [&](const history::Changes& changes) {
    store_->apply_within(work, changes);
    return true;
  });
}

}  // namespace callstate::projections::postgres
