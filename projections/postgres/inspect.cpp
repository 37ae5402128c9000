#include "projections/postgres/inspect.hpp"

#include "projections/postgres/detail/checkpoint.hpp"

namespace callstate::projections::postgres {

std::expected<Standing, history::Trouble> inspect(const Settings& settings) {
  return guarded(settings, [&]() -> Standing {
    Connection connection(settings, "callstate tools");
    pqxx::read_transaction work(connection.raw());
    if (work.exec1(R"(SELECT to_regclass('"ProjectionCheckpoint"') IS NULL)")[0].as<bool>())
      return {};
    const auto rows = work.exec(R"(SELECT "logId", "position" FROM "ProjectionCheckpoint")"
                                R"( WHERE "projection" = 'postgres')");
    if (rows.empty()) return {};
    return {rows[0][0].c_str(), rows[0][1].as<call::Position>(), skipped_records(work)};
  });
}

}  // namespace callstate::projections::postgres
