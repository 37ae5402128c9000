#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace callstate::transports {

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

/// One value of a JsonDocument. What it holds follows it in memory, so walking a
/// document is pointer arithmetic. Views are valid while the document and the
/// text it was parsed from are.
struct JsonValue {
  std::string_view key;    // of an object's member, decoded; else empty
  std::string_view text;   // string: decoded; number: as written; else empty
  std::uint32_t span = 1;  // values in this one, itself included
  JsonKind kind = JsonKind::null;

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = JsonValue;
    using difference_type = std::ptrdiff_t;
    using pointer = const JsonValue*;
    using reference = const JsonValue&;

    explicit Iterator(const JsonValue* at) : at_(at) {}
    const JsonValue& operator*() const { return *at_; }
    Iterator& operator++() {
      at_ += at_->span;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const JsonValue* at_;
  };

  /// The elements of an array or the members of an object; else nothing.
  [[nodiscard]] Iterator begin() const { return Iterator(this + 1); }
  [[nodiscard]] Iterator end() const { return Iterator(this + span); }

  /// How many those are. Linear.
  [[nodiscard]] std::size_t size() const;

  /// The member of this object; null where there is none.
  [[nodiscard]] const JsonValue* find(std::string_view name) const;
};

/// A strict reading of one JSON text, made for small texts from strangers. It
/// refuses what is not JSON or not UTF-8, anything after the value, nesting
/// beyond `depth_max`, more than `values_max` values, duplicate keys at any
/// depth, and numbers beyond what a double holds. Texts without escapes are not
/// copied, and a small document needs no heap. One thread at a time.
class JsonDocument {
 public:
  struct Limits {
    std::size_t depth_max = 16;
    std::size_t values_max = 16 * 1024;
  };

  explicit JsonDocument(Limits limits) : limits_(limits) {}
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  /// Reads `text`, which must outlive the document. Once only. The failure is a
  /// sentence that says where and what; it quotes nothing but a duplicate key.
  [[nodiscard]] std::expected<void, std::string> parse(std::string_view text);

  /// The value, or null when there is none. A document that was refused for a
  /// duplicate key, a number or its depth still has its value, so that a refusal can say
  /// to what it answers.
  [[nodiscard]] const JsonValue* root() const { return complete_ ? values_.data() : nullptr; }

 private:
  friend class JsonHandler;

  Limits limits_;
  bool complete_ = false;
  std::array<std::byte, 4096> first_memory_;  // left uninitialised on purpose
  std::pmr::monotonic_buffer_resource memory_{first_memory_.data(), first_memory_.size()};
  std::pmr::vector<JsonValue> values_{&memory_};
  std::pmr::string decoded_{&memory_};  // texts that had escapes
};

/// Appends the value as JSON without white space. Numbers stay as they were
/// written.
void append_compact(const JsonValue& value, std::string& out);

}  // namespace callstate::transports
