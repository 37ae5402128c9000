#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/history/rows.hpp"

namespace callstate::projections::postgres {

/// One row on its way into COPY: its fields as texts, null pointers for NULL. To be
/// used again and again, so that no row allocates. Iterates as pqxx::stream_to wants.
class Fields {
 public:
  void clear();
  void add(std::string_view text);          // a NUL, which no text column holds, becomes U+2400
  void add_or_null(std::string_view text);  // empty: NULL
  void add(std::uint64_t number);
  void add(call::Time time);
  void add_or_null(call::Time time);  // epoch: NULL
  void add(const call::CallId& id);
  void add_null();

  /// Complete, with `Count` fields, in the form that pqxx::stream_to takes. The
  /// pointers are valid until the next `clear`.
  template <std::size_t Count>
  [[nodiscard]] std::array<const char*, Count> finish() const {
    assert(begin_.size() == Count);
    std::array<const char*, Count> pointers{};
    for (std::size_t i = 0; i < Count; ++i) {
      pointers[i] = begin_[i] == std::string::npos ? nullptr : bytes_.data() + begin_[i];
    }
    return pointers;
  }

 private:
  std::string bytes_;               // each ended by a NUL
  std::vector<std::size_t> begin_;  // npos: NULL
};

/// A column, and its type as PostgreSQL names it.
struct Column {
  std::string_view name;
  std::string_view type;
};
/// Those of each table, in the order in which rows are filled.
constexpr std::size_t call_columns_count = 21;
constexpr std::size_t event_columns_count = 17;
std::span<const Column, call_columns_count> call_columns();
std::span<const Column, event_columns_count> event_columns();
/// `"id","tenantId",…`, each behind `prefix`.
std::string joined(std::span<const Column> columns, std::string_view prefix = {});
/// The same, each quoted by itself.
std::vector<std::string> quoted(std::span<const Column> columns);

void fill(Fields& fields, const history::CallRow& row);
/// `payload` is JSON.
void fill(Fields& fields, const history::EventRow& row, std::string_view payload);

/// The id of an event's row: a UUIDv7 of its time, with its position in the place of
/// what is random. Rises with the log.
call::CallId event_id(const call::Record& record);

/// `2025-06-01 12:00:00.000001+00`.
std::string timestamp(call::Time time);

}  // namespace callstate::projections::postgres
