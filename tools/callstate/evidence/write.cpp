#include <algorithm>

#include "core/seal/statement.hpp"
#include "storage/record_codec.hpp"
#include "storage/seal_key.hpp"
#include "storage/sha256.hpp"
#include "tools/callstate/evidence/evidence.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::JsonWriter;

std::span<const std::uint8_t> span_of(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

/// Nothing where the bytes are no record.
std::optional<call::Record> decoded(std::string_view bytes, call::Position position) {
  storage::RecordDecoder decoder;
  call::Record record;
  if (!decoder.decode(span_of(bytes), record).empty()) return std::nullopt;
  record.position = position;
  return record;
}

std::string line_of(const Evidence::Item& item) {
  std::string line;
  JsonWriter to(line);
  to.begin_object();
  to.number("position", item.position);
  const auto record = decoded(item.bytes, item.position);
  to.raw("reads", record ? read_out(*record) : "null");
  to.text("record", to_base64(item.bytes));
  to.text("hash", seal::to_hex(storage::sha256(span_of(item.bytes))));
  item.seal == 0 ? to.null("seal") : to.number("seal", item.seal);
  to.begin_array("path");
  for (const auto& hash : item.path) to.text(seal::to_hex(hash));
  to.end_array();
  to.end_object();
  return line;
}

std::string line_of(const Evidence::Seal& item) {
  std::string line;
  JsonWriter to(line);
  to.begin_object();
  to.number("position", item.position);
  const auto record = decoded(item.bytes, item.position);
  const auto* sealed = record ? std::get_if<call::Sealed>(&record->payload) : nullptr;
  if (sealed == nullptr) {
    to.null("statement");
    to.null("signature");
  } else {
    to.text("statement", seal::statement(*sealed, record->at));
    const auto& signature = sealed->signature;
    sealed->key == call::KeyId{}
        ? to.null("signature")
        : to.text("signature",
                  to_base64({reinterpret_cast<const char*>(signature.data()), signature.size()}));
  }
  to.text("record", to_base64(item.bytes));
  to.text("hash", seal::to_hex(storage::sha256(span_of(item.bytes))));
  to.end_object();
  return line;
}

std::string line_of(const std::string& pem) {
  std::string line;
  JsonWriter to(line);
  to.begin_object();
  const auto key = storage::PublicKey::parse(pem);
  key ? to.text("id", seal::to_hex(key->id())) : to.null("id");
  to.text("publicKey", pem);
  to.end_object();
  return line;
}

void put_member(std::string& to, std::string_view name, std::string_view value) {
  to.append(" \"").append(name).append("\": ");
  transports::append_json_string(to, value);
  to += ",\n";
}

template <class Items>
void put_lines(std::string& to, std::string_view name, const Items& items, bool last) {
  to.append(" \"").append(name).append("\": [");
  for (bool first = true; const auto& item : items) {
    to.append(first ? "\n  " : ",\n  ").append(line_of(item));
    first = false;
  }
  to.append(last ? "]\n" : "],\n");
}

}  // namespace

std::size_t Evidence::unsealed() const {
  return static_cast<std::size_t>(
      std::ranges::count(records, call::Position{0}, &Evidence::Item::seal));
}

std::string write_evidence(const Evidence& evidence) {
  std::string text = "{\n";
  put_member(text, "format", "callstate evidence 1");
  put_member(text, "log", evidence.log_id);
  put_member(text, "tenant", evidence.tenant);
  put_member(text, "room", evidence.room);
  put_member(text, "call", to_string(evidence.call));
  text += " \"unsealed\": " + std::to_string(evidence.unsealed()) + ",\n";
  put_lines(text, "records", evidence.records, false);
  put_lines(text, "seals", evidence.seals, false);
  put_lines(text, "keys", evidence.keys, true);
  text += "}\n";
  return text;
}

}  // namespace callstate::tools
