#pragma once

#include <expected>
#include <functional>

#include "core/engine/ports.hpp"
#include "core/history/maintenance.hpp"
#include "core/history/ports.hpp"
#include "projections/postgres/settings.hpp"
#include "storage/call_index.hpp"
#include "storage/call_index_maintenance.hpp"

namespace callstate::tools {

/// What is kept of the history, to be made anew from the log or held against it. Both
/// block, one at a time. Stopped by `OnProgress` they go on another time.
class Maintenance {
 public:
  virtual ~Maintenance() = default;

  /// `take_over`: replaces even what is of another log.
  virtual std::expected<history::Rebuilt, history::Trouble> rebuild(
      bool take_over, const history::OnProgress& on_progress) = 0;
  virtual std::expected<history::Verified, history::Trouble> verify(
      bool repair, const history::OnProgress& on_progress) = 0;
};

/// The rows in PostgreSQL.
class PostgresMaintenance final : public Maintenance {
 public:
  /// `log` outlives it. `changed` is called once rows were made or mended, and may be
  /// empty.
  PostgresMaintenance(projections::postgres::Settings settings, const engine::LogReader& log,
                      std::string log_id, std::function<void()> changed = {});

  std::expected<history::Rebuilt, history::Trouble> rebuild(
      bool take_over, const history::OnProgress& on_progress) override;
  std::expected<history::Verified, history::Trouble> verify(
      bool repair, const history::OnProgress& on_progress) override;

 private:
  const projections::postgres::Settings settings_;
  const engine::LogReader& log_;
  const std::string log_id_;
  const std::function<void()> changed_;
};

/// The index of calls beside the log.
class IndexMaintenance final : public Maintenance {
 public:
  /// All outlive it.
  IndexMaintenance(storage::CallIndex& index, storage::IndexSource source)
      : index_(index), source_(std::move(source)) {}

  std::expected<history::Rebuilt, history::Trouble> rebuild(
      bool /*take_over*/, const history::OnProgress& on_progress) override {
    return storage::rebuild(index_, source_, on_progress);
  }
  std::expected<history::Verified, history::Trouble> verify(
      bool repair, const history::OnProgress& on_progress) override {
    return storage::verify(index_, source_, repair, on_progress);
  }

 private:
  storage::CallIndex& index_;
  const storage::IndexSource source_;
};

/// The text of a record's payload in rows: as `GET /v1/calls/{call}/events` gives it
/// to who may see all.
std::string payload_text(const call::Record& record);

}  // namespace callstate::tools
