#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/call/ids.hpp"

namespace callstate::transports {

/// Appends `text` as a JSON string, quoted and escaped. Bytes that are not
/// UTF-8 become U+FFFD, so the result is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

/// Appends RFC 3339 in UTC with microseconds: `2026-11-23T01:02:03.000456Z`.
/// Years outside 0 … 9999, which RFC 3339 cannot say, are held at its ends.
void append_time(std::string& out, call::Time time);

/// `text` cut to at most `bytes_max` bytes, not within a character.
std::string_view clip_utf8(std::string_view text, std::size_t bytes_max);

/// What of `text` is valid UTF-8 and no control character, cut like that: for a
/// stranger's text that is kept.
std::string without_controls(std::string_view text, std::size_t bytes_max);

/// At most `bytes_max` bytes of `text` with everything but printable ASCII
/// replaced by `?`: for quoting a stranger's text in a sentence.
std::string printable(std::string_view text, std::size_t bytes_max);

/// Writes JSON at the end of a string. Commas are its own business; balanced
/// begin and end are the caller's, and so are keys that need no escaping.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void begin_object(std::string_view key) { open(key, '{'); }
  void end_object() { out_.push_back('}'); }
  void begin_array(std::string_view key) { open(key, '['); }
  void end_array() { out_.push_back(']'); }

  /// An array's element.
  void text(std::string_view value) {
    separate();
    append_json_string(out_, value);
  }
  void text(std::string_view key, std::string_view value) {
    begin_member(key);
    append_json_string(out_, value);
  }
  void number(std::string_view key, std::uint64_t value);
  // Constrained, because a pointer would convert to bool.
  void boolean(std::string_view key, std::same_as<bool> auto value) {
    raw(key, value ? "true" : "false");
  }
  void null(std::string_view key) { raw(key, "null"); }
  void time(std::string_view key, call::Time value);
  /// `json` is JSON already.
  void raw(std::string_view key, std::string_view json) {
    begin_member(key);
    out_ += json;
  }

 private:
  void separate() {
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[') out_.push_back(',');
  }
  void begin_member(std::string_view key) {
    separate();
    out_.push_back('"');
    out_ += key;
    out_ += "\":";
  }
  void open(char bracket) {
    separate();
    out_.push_back(bracket);
  }
  void open(std::string_view key, char bracket) {
    begin_member(key);
    out_.push_back(bracket);
  }

  std::string& out_;
};

}  // namespace callstate::transports
