#include <charconv>

#include "tools/callstate/evidence/evidence.hpp"
#include "transports/json_document.hpp"

namespace callstate::tools {
namespace {

using transports::JsonKind;
using transports::JsonValue;

constexpr transports::JsonDocument::Limits limits{.depth_max = 6, .values_max = 2'000'000};

/// Where the text is not what it should be.
struct Wrong {
  std::string what;
};

[[noreturn]] void wrong(const std::string& where, const std::string& what) {
  throw Wrong{where + " " + what};
}

const JsonValue& member(const JsonValue& object, std::string_view name, const std::string& where) {
  const auto* found = object.kind == JsonKind::object ? object.find(name) : nullptr;
  if (found == nullptr) wrong(where, "has no \"" + std::string(name) + "\"");
  return *found;
}

std::string text_of(const JsonValue& object, std::string_view name, const std::string& where) {
  const auto& value = member(object, name, where);
  if (value.kind != JsonKind::string)
    wrong(where, "has a \"" + std::string(name) + "\" that is no text");
  return std::string(value.text);
}

std::uint64_t number_of(const JsonValue& object, std::string_view name, const std::string& where) {
  const auto& value = member(object, name, where);
  std::uint64_t number = 0;
  const char* end = value.text.data() + value.text.size();
  const auto [rest, error] = std::from_chars(value.text.data(), end, number);
  if (value.kind != JsonKind::number || error != std::errc{} || rest != end) {
    wrong(where, "has a \"" + std::string(name) + "\" that is no position");
  }
  return number;
}

std::string bytes_of(const JsonValue& object, std::string_view name, const std::string& where) {
  auto bytes = from_base64(text_of(object, name, where));
  if (!bytes) wrong(where, "has a \"" + std::string(name) + "\" that is not base64");
  return std::move(*bytes);
}

call::Hash hash_of(const JsonValue& value, const std::string& where) {
  call::Hash hash{};
  const std::string_view text = value.text;
  bool good = value.kind == JsonKind::string && text.size() == 2 * hash.size();
  for (std::size_t i = 0; good && i < hash.size(); ++i) {
    const char* digits = text.data() + 2 * i;
    good = std::from_chars(digits, digits + 2, hash[i], 16).ptr == digits + 2;
  }
  if (!good) wrong(where, "has a \"path\" with something that is no hash");
  return hash;
}

/// Calls `take` for each element, with what it is called.
template <class Take>
void each(const JsonValue& root, std::string_view name, std::string_view called, Take take) {
  const auto& list = member(root, name, "the file");
  if (list.kind != JsonKind::array) wrong("the file", "has no list of " + std::string(name));
  std::size_t number = 0;
  for (const auto& element : list) {
    take(element, std::string(called) + " " + std::to_string(++number));
  }
}

Evidence::Item item_of(const JsonValue& element, const std::string& where) {
  Evidence::Item item;
  item.position = number_of(element, "position", where);
  item.bytes = bytes_of(element, "record", where);
  if (member(element, "seal", where).kind != JsonKind::null) {
    item.seal = number_of(element, "seal", where);
  }
  const auto& path = member(element, "path", where);
  if (path.kind != JsonKind::array) wrong(where, "has no list \"path\"");
  for (const auto& hash : path) item.path.push_back(hash_of(hash, where));
  return item;
}

Evidence evidence_of(const JsonValue& root) {
  constexpr auto file = "the file";
  if (root.kind != JsonKind::object) wrong(file, "is no object");
  if (text_of(root, "format", file) != "callstate evidence 1") {
    wrong(file, "is not of the format \"callstate evidence 1\"");
  }
  Evidence evidence;
  evidence.log_id = text_of(root, "log", file);
  evidence.tenant = text_of(root, "tenant", file);
  evidence.room = text_of(root, "room", file);
  const auto call = call::parse_call_id(text_of(root, "call", file));
  if (!call) wrong(file, "has a \"call\" that is no id of one");
  evidence.call = *call;
  each(root, "records", "record", [&](const JsonValue& element, const std::string& where) {
    evidence.records.push_back(item_of(element, where));
  });
  each(root, "seals", "seal", [&](const JsonValue& element, const std::string& where) {
    evidence.seals.push_back(
        {number_of(element, "position", where), bytes_of(element, "record", where)});
  });
  each(root, "keys", "key", [&](const JsonValue& element, const std::string& where) {
    evidence.keys.push_back(text_of(element, "publicKey", where));
  });
  return evidence;
}

}  // namespace

std::expected<Evidence, std::string> parse_evidence(std::string_view text) {
  if (text.size() > evidence_bytes_max) {
    return std::unexpected("the file is larger than the " +
                           std::to_string(evidence_bytes_max >> 20U) +
                           " MiB that evidence may have");
  }
  transports::JsonDocument document(limits);
  if (auto parsed = document.parse(text); !parsed) {
    return std::unexpected("the file is not JSON as evidence has it: " + parsed.error());
  }
  try {
    return evidence_of(*document.root());
  } catch (const Wrong& problem) {
    return std::unexpected(problem.what);
  }
}

}  // namespace callstate::tools
