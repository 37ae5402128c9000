#include "storage/detail/damage_text.hpp"

#include <span>

#include "storage/record_codec.hpp"
#include "storage/stream_text.hpp"

namespace callstate::storage {

engine::Failure with_advice(const std::string& sentence) {
  return {sentence +
          ". Nothing was changed. Restore the directory from a checkpoint or a backup; what is "
          "left of it can be kept for an inquiry"};
}

std::optional<std::string> stream_of(std::string_view bytes) {
  RecordDecoder decoder;
  call::Record record;
  const auto why =
      decoder.decode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, record);
  if (!why.empty()) return std::nullopt;
  return describe(record.stream);
}

std::string after_whom(std::string_view record_before) {
  const auto stream = stream_of(record_before);
  return stream ? " (the record before is of " + *stream + ")" : std::string();
}

std::string are_missing(const std::vector<Extent>& extents) {
  const bool single = extents.size() == 1 && extents[0].first == extents[0].last;
  return describe(extents) + (single ? " is missing" : " are missing");
}

}  // namespace callstate::storage
