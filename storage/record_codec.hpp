#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/call/event.hpp"

namespace callstate::storage {

/// Records to bytes (schemas/record.fbs). The same record always gives the same
/// bytes. Keeps its buffer between calls; one thread at a time.
class RecordEncoder {
 public:
  RecordEncoder();
  ~RecordEncoder();
  RecordEncoder(RecordEncoder&&) noexcept;
  RecordEncoder& operator=(RecordEncoder&&) noexcept;

  /// The record's bytes, without its position; valid until the next call.
  std::span<const std::uint8_t> encode(const call::Record& record);

 private:
  struct Buffer;
  std::unique_ptr<Buffer> buffer_;
};

/// Bytes to records. Trusts nothing: any bytes either decode or are refused.
/// Keeps a buffer between calls; one thread at a time.
class RecordDecoder {
 public:
  RecordDecoder();
  ~RecordDecoder();
  RecordDecoder(RecordDecoder&&) noexcept;
  RecordDecoder& operator=(RecordDecoder&&) noexcept;

  /// Decodes into `record`, reusing what it has allocated; `position` is left
  /// alone. Empty on success; otherwise what is wrong with the bytes, and the
  /// rest of `record` is unspecified.
  [[nodiscard]] std::string_view decode(std::span<const std::uint8_t> bytes, call::Record& record);

 private:
  struct Buffer;
  std::unique_ptr<Buffer> buffer_;
};

}  // namespace callstate::storage
