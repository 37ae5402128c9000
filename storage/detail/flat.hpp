#pragma once

#include <flatbuffers/flatbuffers.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/call/event.hpp"
#include "schemas/ids_generated.h"

// What the two codecs share: single fields, both ways. Writers give a null
// offset or pointer for what is empty, so that it takes no space. Readers of
// verified bytes return false for a value that this build does not know or that
// does not fit.

namespace callstate::storage::flat {

namespace fb = callstate::schemas;
using Builder = flatbuffers::FlatBufferBuilder;
using Text = flatbuffers::Offset<flatbuffers::String>;
using Texts = flatbuffers::Offset<flatbuffers::Vector<Text>>;

inline Text put_text(Builder& builder, std::string_view text) {
  return text.empty() ? Text() : builder.CreateString(text.data(), text.size());
}

template <class Id>
Texts put_texts(Builder& builder, const std::vector<Id>& ids) {
  if (ids.empty()) return {};
  return builder.CreateVector<Text>(ids.size(), [&](std::size_t i) {
    return builder.CreateString(ids[i].view().data(), ids[i].view().size());
  });
}

inline std::int64_t put_time(call::Time time) {
  return time.time_since_epoch().count();
}

inline call::Time take_time(std::int64_t microseconds) {
  return call::Time(std::chrono::microseconds(microseconds));
}

inline std::string_view view(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->c_str(), text->size());
}

inline void take_text(const flatbuffers::String* text, std::string& out) {
  out.assign(view(text));
}

template <class Tag, std::size_t BytesMax>
bool take_text(const flatbuffers::String* text, call::Text<Tag, BytesMax>& out) {
  const auto bytes = view(text);
  // Built in its place: assigning would copy the text a second time, and a
  // record has half a dozen.
  static_assert(std::is_trivially_destructible_v<call::Text<Tag, BytesMax>>);
  ::new (static_cast<void*>(&out))
      call::Text<Tag, BytesMax>(call::Text<Tag, BytesMax>::clipped(bytes));
  return bytes.size() <= BytesMax;
}

template <class Id>
bool take_texts(const flatbuffers::Vector<Text>* texts, std::vector<Id>& out) {
  const auto size = texts == nullptr ? 0U : texts->size();
  out.resize(size);
  for (flatbuffers::uoffset_t i = 0; i < size; ++i) {
    if (!take_text(texts->Get(i), out[i])) return false;
  }
  return true;
}

/// Enumerators have the same numbers on both sides; `MAX` is the schema's last.
template <class Stored, class Enum>
bool take_enum(Stored stored, Enum& out) {
  out = static_cast<Enum>(stored);
  return stored <= Stored::MAX;
}

template <class Stored, class Enum>
constexpr bool same_last(Stored stored, Enum value) {
  return static_cast<unsigned>(stored) == static_cast<unsigned>(value);
}

// The two structs are plain bytes, so that no reading of them can be misaligned.
static_assert(sizeof(fb::Hash) == sizeof(call::Hash) && alignof(fb::Hash) == 1);
static_assert(sizeof(fb::CallId) == sizeof(call::CallId) && alignof(fb::CallId) == 1);

inline fb::Hash put_hash(const call::Hash& hash) {
  return fb::Hash(flatbuffers::span<const std::uint8_t, 32>(hash.data(), hash.size()));
}
inline void take_hash(const fb::Hash* stored, call::Hash& out) {
  if (stored == nullptr) {
    out.fill(0);
  } else {
    std::memcpy(out.data(), stored->bytes()->data(), out.size());
  }
}

inline fb::CallId put_call(const call::CallId& id) {
  return fb::CallId(flatbuffers::span<const std::uint8_t, 16>(id.bytes.data(), id.bytes.size()));
}
inline void take_call(const fb::CallId* stored, call::CallId& out) {
  if (stored == nullptr) {
    out.bytes.fill(0);
  } else {
    std::memcpy(out.bytes.data(), stored->bytes()->data(), out.bytes.size());
  }
}

/// FlatBuffers reads in place and wants its buffers aligned; a value inside a
/// RocksDB block is not. Copies it into `scratch` when it has to.
inline std::span<const std::uint8_t> aligned(std::span<const std::uint8_t> bytes,
                                             std::vector<std::uint64_t>& scratch) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(std::uint64_t) == 0) return bytes;
  const auto words = (bytes.size() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
  if (scratch.size() < words) scratch.resize(words);
  std::memcpy(scratch.data(), bytes.data(), bytes.size());
  return {reinterpret_cast<const std::uint8_t*>(scratch.data()), bytes.size()};
}

/// Beyond any record or snapshot; also keeps the verifier within its own bound.
constexpr std::size_t bytes_max = 64UL * 1024 * 1024;

}  // namespace callstate::storage::flat
