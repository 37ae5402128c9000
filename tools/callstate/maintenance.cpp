#include "tools/callstate/maintenance.hpp"

#include <utility>

#include "projections/postgres/maintenance.hpp"
#include "transports/codec.hpp"

namespace callstate::tools {

namespace postgres = projections::postgres;

PostgresMaintenance::PostgresMaintenance(postgres::Settings settings, const engine::LogReader& log,
                                         std::string log_id, std::function<void()> changed)
    : settings_(std::move(settings)),
      log_(log),
      log_id_(std::move(log_id)),
      changed_(std::move(changed)) {}

std::expected<history::Rebuilt, history::Trouble> PostgresMaintenance::rebuild(
    bool take_over, const history::OnProgress& on_progress) {
  auto rebuilt = postgres::rebuild(settings_, {log_, log_id_, payload_text},
                                   {.take_over = take_over}, on_progress);
  if (rebuilt && rebuilt->finished && changed_) changed_();
  return rebuilt;
}

std::expected<history::Verified, history::Trouble> PostgresMaintenance::verify(
    bool repair, const history::OnProgress& on_progress) {
  auto verified =
      postgres::verify(settings_, {log_, log_id_, payload_text}, {.repair = repair}, on_progress);
  if (verified && verified->repaired > 0 && changed_) changed_();
  return verified;
}

std::string payload_text(const call::Record& record) {
  return transports::encode(engine::Event{record}, {.everything = true});
}

}  // namespace callstate::tools
