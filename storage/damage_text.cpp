#include "storage/detail/damage_text.hpp"

#include <cerrno>
#include <cstring>
#include <span>

#include "storage/record_codec.hpp"
#include "storage/stream_text.hpp"

namespace callstate::storage {

namespace {

constexpr std::string_view advice =
    ". Nothing was changed. Restore the directory from a checkpoint or a backup; what is left of "
    "it can be kept for an inquiry, and `callstate repair` makes a copy without what is damaged";

}  // namespace

engine::Failure with_advice(const std::string& sentence) {
  return {sentence + std::string(advice)};
}

bool is_damage(const engine::Failure& failure) {
  return failure.message.contains(advice);
}

std::optional<std::string> advice_on_trouble(std::string_view text) {
  struct Advice {
    int error;
    std::string_view what;
  };
  constexpr std::string_view access = "give this process's user access to the directory and files";
  constexpr std::string_view descriptors =
      "allow this process more open files (ulimit -n, LimitNOFILE)";
  constexpr std::string_view disk = "look at the disk and the system's log";
  for (const auto& [error, what] :
       {Advice{EMFILE, descriptors}, Advice{ENFILE, descriptors}, Advice{EACCES, access},
        Advice{EPERM, access}, Advice{EROFS, access}, Advice{EIO, disk},
        Advice{ENOMEM, "let this process have more memory"}}) {
    if (text.find(std::strerror(error)) != std::string_view::npos) return std::string(what);
  }
  return std::nullopt;
}

std::optional<engine::Failure> trouble(const std::filesystem::path& path, std::string_view text) {
  const auto remedy = advice_on_trouble(text);
  if (!remedy) return std::nullopt;
  return engine::Failure{"the log in " + path.string() + " cannot be opened: " + std::string(text) +
                         "; " + *remedy + ", then start again. Nothing was found to be damaged"};
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
