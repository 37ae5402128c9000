#include "transports/json_document.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <utility>

#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::transports {
namespace {

/// Objects with more members than this are sorted to find duplicates, so that
/// a hostile object costs n log n.
constexpr std::size_t compare_all_max = 12;

/// The parser calls itself for each level: this bounds its stack. What is less
/// deep is read to its end, so that a refusal can say to what it answers.
constexpr std::size_t parser_depth_max = 512;

constexpr std::size_t key_quoted_bytes_max = 64;

/// A key that occurs twice, or null.
const std::string_view* find_duplicate(const JsonValue& object, std::size_t members) {
  if (members <= compare_all_max) {
    for (auto a = object.begin(); a != object.end(); ++a) {
      for (auto b = object.begin(); b != a; ++b) {
        if ((*a).key == (*b).key) return &(*a).key;
      }
    }
    return nullptr;
  }
  std::vector<const std::string_view*> keys;
  keys.reserve(members);
  for (const JsonValue& member : object) keys.push_back(&member.key);
  const auto text = [](const std::string_view* key) { return *key; };
  std::ranges::sort(keys, {}, text);
  const auto found = std::ranges::adjacent_find(keys, {}, text);
  return found == keys.end() ? nullptr : *found;
}

}  // namespace

/// Receives the parser's events and lays the values out one after the other.
/// The member functions are named by boost::json::basic_parser.
class JsonHandler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using error_code = boost::json::error_code;
  using view = boost::json::string_view;

  JsonHandler(JsonDocument& document, std::string_view source)
      : document_(document), source_(source) {
    open_.reserve(document.limits_.depth_max);
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) {
    document_.complete_ = true;
    return true;
  }
  bool on_object_begin(error_code& ec) { return open(JsonKind::object, ec); }
  bool on_object_end(std::size_t members, error_code&) {
    const JsonValue* object = close();
    if (object == nullptr || members < 2) return true;
    if (const auto* key = find_duplicate(*object, members)) {
      complain(
          concat("the key ", printable(*key, key_quoted_bytes_max), " occurs twice in one object"));
    }
    return true;
  }
  bool on_array_begin(error_code& ec) { return open(JsonKind::array, ec); }
  bool on_array_end(std::size_t, error_code&) {
    close();
    return true;
  }
  bool on_key_part(view part, std::size_t, error_code&) { return keep_part(part); }
  bool on_key(view last, std::size_t, error_code&) {
    key_ = whole(last);
    if (open_.size() == 1 && too_deep_ == 0) field_ = key_;
    return true;
  }
  bool on_string_part(view part, std::size_t, error_code&) { return keep_part(part); }
  bool on_string(view last, std::size_t, error_code& ec) {
    return add(JsonKind::string, whole(last), ec);
  }
  bool on_number_part(view part, error_code&) { return keep_part(part); }
  bool on_int64(std::int64_t, view last, error_code& ec) {
    return add(JsonKind::number, whole(last), ec);
  }
  bool on_uint64(std::uint64_t, view last, error_code& ec) {
    return add(JsonKind::number, whole(last), ec);
  }
  bool on_double(double value, view last, error_code& ec) {
    if (!std::isfinite(value)) complain("a number is out of range");
    return add(JsonKind::number, whole(last), ec);
  }
  bool on_bool(bool value, error_code& ec) {
    return add(JsonKind::boolean, value ? "true" : "false", ec);
  }
  bool on_null(error_code& ec) { return add(JsonKind::null, {}, ec); }
  bool on_comment_part(view, error_code&) { return true; }
  bool on_comment(view, error_code&) { return true; }

 private:
  /// What is wrong first, and in which of the text's own fields.
  void complain(std::string what) {
    if (!problem_.empty()) return;
    // Where the root itself has just been closed it is none of them.
    const bool inside = !field_.empty() && !open_.empty();
    problem_ =
        inside ? concat(printable(field_, key_quoted_bytes_max), ": ", what) : std::move(what);
  }
  bool add(JsonKind kind, std::string_view text, error_code& ec) {
    if (too_deep_ > 0) return true;
    auto& values = document_.values_;
    if (values.size() >= document_.limits_.values_max) {
      problem_ = "it holds too many values";
      ec = boost::json::error::array_too_large;
      return false;
    }
    values.push_back({.key = key_, .text = text, .span = 1, .kind = kind});
    key_ = {};
    return true;
  }
  bool open(JsonKind kind, error_code& ec) {
    if (open_.size() >= document_.limits_.depth_max) {
      complain(concat("nested deeper than ", document_.limits_.depth_max, " levels"));
      ++too_deep_;
      return true;
    }
    open_.push_back(static_cast<std::uint32_t>(document_.values_.size()));
    return add(kind, {}, ec);
  }
  /// The value that ends; null for one that was too deep to be kept.
  const JsonValue* close() {
    if (too_deep_ > 0) {
      --too_deep_;
      return nullptr;
    }
    const std::size_t at = open_.back();
    open_.pop_back();
    JsonValue& value = document_.values_[at];
    value.span = static_cast<std::uint32_t>(document_.values_.size() - at);
    return &value;
  }

  bool keep_part(view part) {
    auto& decoded = document_.decoded_;
    // Once, for everything: a decoded text is never longer than its source, so
    // that the views into it stay valid.
    if (decoded.capacity() < source_.size()) decoded.reserve(source_.size());
    decoded.append(part.data(), part.size());
    part_bytes_ += part.size();
    return true;
  }
  std::string_view whole(view last) {
    const bool in_source =
        last.data() >= source_.data() && last.data() <= source_.data() + source_.size();
    if (part_bytes_ == 0 && (in_source || last.empty())) return {last.data(), last.size()};
    keep_part(last);
    const std::size_t size = std::exchange(part_bytes_, 0);
    return std::string_view(document_.decoded_).substr(document_.decoded_.size() - size);
  }

  JsonDocument& document_;
  std::string_view source_;
  std::string problem_;
  std::string_view key_;
  std::string_view field_;    // the member of the root that is being read
  std::size_t too_deep_ = 0;  // levels beyond the bound
  std::size_t part_bytes_ = 0;
  std::pmr::vector<std::uint32_t> open_{&document_.memory_};
};

std::size_t JsonValue::size() const {
  std::size_t count = 0;
  for (auto each = begin(); each != end(); ++each) ++count;
  return count;
}

const JsonValue* JsonValue::find(std::string_view name) const {
  if (kind != JsonKind::object) return nullptr;
  for (const JsonValue& member : *this) {
    if (member.key == name) return &member;
  }
  return nullptr;
}

std::expected<void, std::string> JsonDocument::parse(std::string_view text) {
  values_.reserve(40);
  boost::json::parse_options options;
  options.max_depth = parser_depth_max;
  boost::json::basic_parser<JsonHandler> parser(options, *this, text);
  boost::json::error_code ec;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
  const std::string& problem = parser.handler().problem();
  if (ec) {
    complete_ = false;
    if (ec == boost::json::error::too_deep) {
      return std::unexpected(concat("nested deeper than ", limits_.depth_max, " levels"));
    }
    if (!problem.empty()) return std::unexpected(problem);
    return std::unexpected(concat("not JSON: ", ec.message(), " at byte ", read));
  }
  if (read < text.size()) {
    complete_ = false;
    return std::unexpected(concat("not JSON: extra data at byte ", read));
  }
  if (!problem.empty()) return std::unexpected(problem);
  return {};
}

void append_compact(const JsonValue& value, std::string& out) {
  switch (value.kind) {
    case JsonKind::null:
      out += "null";
      return;
    case JsonKind::boolean:
    case JsonKind::number:
      out += value.text;
      return;
    case JsonKind::string:
      append_json_string(out, value.text);
      return;
    case JsonKind::array:
    case JsonKind::object:
      break;
  }
  const bool object = value.kind == JsonKind::object;
  out.push_back(object ? '{' : '[');
  bool first = true;
  for (const JsonValue& each : value) {
    if (!std::exchange(first, false)) out.push_back(',');
    if (object) {
      append_json_string(out, each.key);
      out.push_back(':');
    }
    append_compact(each, out);
  }
  out.push_back(object ? '}' : ']');
}

}  // namespace callstate::transports
