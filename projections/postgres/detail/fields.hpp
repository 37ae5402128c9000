#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/history/rows.hpp"

namespace callstate::projections::postgres {

/// Rows on their way into COPY, in its text format: escaped as they are filled in, since
/// that is most of what a row costs here. To be used again and again.
class CopyLines {
 public:
  void add(std::string_view text);          // a NUL, which no text column holds, becomes U+2400
  void add_or_null(std::string_view text);  // empty: NULL
  void add(std::uint64_t number);
  void add(call::Time time);
  void add_or_null(call::Time time);  // epoch: NULL
  void add(const call::CallId& id);
  void add_null();
  void end_row();

  /// Complete rows, one a line, without the last line's end.
  [[nodiscard]] const std::string& lines() const { return lines_; }
  void clear() { lines_.clear(); }

 private:
  void begin_field();

  std::string lines_;
  bool in_row_ = false;
};

/// A column, and its type as PostgreSQL names it.
struct Column {
  std::string_view name;
  std::string_view type;
};
/// Those of each table, in the order in which rows are filled.
std::span<const Column> call_columns();
std::span<const Column> event_columns();
/// `"id","tenantId",…`, each behind `prefix`.
std::string joined(std::span<const Column> columns, std::string_view prefix = {});
void add_row(CopyLines& lines, const history::CallRow& row);
/// `payload` is JSON.
void add_row(CopyLines& lines, const history::EventRow& row, std::string_view payload);

/// The id of an event's row: a UUIDv7 of its time, with its position in the place of
/// what is random. Rises with the log.
call::CallId event_id(const call::Record& record);

/// `2025-06-01 12:00:00.000001+00`.
std::string timestamp(call::Time time);

}  // namespace callstate::projections::postgres
