#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "core/engine/beginning.hpp"
#include "core/engine/ports.hpp"

namespace callstate::storage {

/// Makes a log of records that were written before: carried here from elsewhere, or
/// saved from a damaged one. It is there when it is finished, and not before. It
/// judges nothing: whoever feeds it has checked what it is fed. One thread.
class LogMaker {
 public:
  struct About {
    std::string log_id{};   // empty: a new one
    std::string carried{};  // for StoredLog::carried
    /// The records are some of a log's. They get positions of their own, and their
    /// original ones are kept beside them.
    bool part = false;
    /// What the log begins with when older calls were dropped from it. The records that
    /// were kept of before come first; they and all others get their own positions.
    std::shared_ptr<const engine::Beginning> beginning{};
  };

  /// Refuses a `path` that exists, unless it is an empty directory.
  static std::expected<std::unique_ptr<LogMaker>, engine::Failure> begin(
      const std::filesystem::path& path, const About& about);

  /// Takes away what was not finished.
  ~LogMaker();
  LogMaker(const LogMaker&) = delete;
  LogMaker& operator=(const LogMaker&) = delete;

  /// Appends the record; `position` is its original one, which matters in a part
  /// only. Gives the hash of its bytes.
  std::expected<call::Hash, engine::Failure> add(const call::Record& record);
  /// The same of a record's bytes as they were stored.
  std::expected<void, engine::Failure> add_bytes(std::span<const std::uint8_t> bytes);

  /// The hash that `add` would give, and nothing is appended.
  call::Hash hash_of(const call::Record& record);

  /// The position of what was added last; 0: nothing yet.
  [[nodiscard]] call::Position head() const;

  /// Makes all of it durable, under its own name. Nothing can be added any more.
  std::expected<void, engine::Failure> finish();

  /// What it is made of; storage's own.
  struct Parts;
  explicit LogMaker(std::unique_ptr<Parts> parts);

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace callstate::storage
