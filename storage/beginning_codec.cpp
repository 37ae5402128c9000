#include <algorithm>
#include <cstring>
#include <span>

#include "storage/detail/beginning.hpp"
#include "storage/sha256.hpp"
#include "storage/snapshot_codec.hpp"
#include "storage_reducer_version.hpp"

// Numbers in seven bits a byte; texts behind their length; at the end the SHA-256 of all.

namespace callstate::storage {
namespace {

using engine::Beginning;

constexpr std::uint64_t codec_version = 1;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void put_number(std::string& out, std::uint64_t number) {
  for (; number >= 0x80U; number >>= 7U) out.push_back(static_cast<char>(number | 0x80U));
  out.push_back(static_cast<char>(number));
}
void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}

/// Takes a text apart; once something is not there, all that follows is empty.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80U) return value;
    }
    good_ = false;
    return 0;
  }
  std::string_view text() {
    const auto size = number();
    if (size > rest_.size()) good_ = false;
    const auto taken = rest_.substr(0, good_ ? size : 0);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

void put_stream(std::string& out, const call::Stream& stream) {
  put_number(out, static_cast<std::uint64_t>(stream.kind));
  put_text(out, stream.tenant.view());
  put_text(out, stream.name.view());
}

bool read_state(Reader& reader, const call::Hash& reducer, Beginning& beginning) {
  Beginning::State state;
  const auto kind = reader.number();
  if (kind > static_cast<std::uint64_t>(call::StreamKind::server)) return false;
  state.stream.kind = static_cast<call::StreamKind>(kind);
  state.stream.tenant = call::TenantId::clipped(reader.text());
  state.stream.name = call::UserId::clipped(reader.text());
  const auto bytes = bytes_of(reader.text());
  if (state.stream.kind == call::StreamKind::room) {
    auto room = decode_room(bytes, reducer);
    if (!room) return false;
    state.state = std::move(*room);
  } else {
    const auto user = decode_user(bytes, reducer);
    if (!user) return false;
    state.state = *user;
  }
  beginning.add(std::move(state));
  return reader.good();
}

}  // namespace

std::string encode_beginning(const Beginning& beginning) {
  SnapshotEncoder encoder(reducer_version);
  std::string out;
  put_number(out, codec_version);
  put_text(out, text_of(reducer_version));
  put_number(out, beginning.first);
  put_number(out, beginning.kept.size());
  call::Position before = 0;
  for (const auto position : beginning.kept)
    put_number(out, position - std::exchange(before, position));
  put_text(out, text_of(encoder.encode(beginning.mark)));
  put_number(out, beginning.states.size());
  for (const auto& [key, state] : beginning.states) {
    put_stream(out, state.stream);
    put_text(out, std::visit([&](const auto& one) { return text_of(encoder.encode(one)); },
                             state.state));
  }
  const auto check = sha256(bytes_of(out));
  return out.append(text_of(check));
}

std::optional<Beginning> decode_beginning(std::string_view bytes) {
  if (bytes.size() < sizeof(call::Hash)) return std::nullopt;
  const auto body = bytes.substr(0, bytes.size() - sizeof(call::Hash));
  const auto check = sha256(bytes_of(body));
  if (text_of(check) != bytes.substr(body.size())) return std::nullopt;
  Reader reader(body);
  if (reader.number() != codec_version) return std::nullopt;
  const auto rules = reader.text();
  call::Hash reducer{};
  if (rules.size() != reducer.size()) return std::nullopt;
  std::memcpy(reducer.data(), rules.data(), rules.size());

  Beginning beginning;
  beginning.first = reader.number();
  call::Position position = 0;
  for (auto left = reader.number(); left > 0 && reader.good(); --left)
    beginning.kept.push_back(position += reader.number());
  auto mark = decode_mark(bytes_of(reader.text()), reducer);
  if (!mark || !reader.good()) return std::nullopt;
  beginning.mark = std::move(*mark);
  for (auto left = reader.number(); left > 0; --left)
    if (!read_state(reader, reducer, beginning)) return std::nullopt;
  return reader.at_end() ? std::optional(std::move(beginning)) : std::nullopt;
}

}  // namespace callstate::storage
