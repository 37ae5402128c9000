#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/engine/beginning.hpp"
#include "storage/detail/database.hpp"

// A log from which older calls were dropped: what it keeps of before, and how the rest
// goes. See docs/adr/0023-retention.md.

namespace callstate::storage {

/// The bytes of a beginning, and back. Nothing for bytes that are none. The states are
/// read whatever rules folded them: nothing can fold them anew.
std::string encode_beginning(const engine::Beginning& beginning);
std::optional<engine::Beginning> decode_beginning(std::string_view bytes);

/// Reads where the log begins, at its opening.
std::expected<void, engine::Failure> load_beginning(Database& database);

/// Has the log begin later, and drops what lies before. A kill at any moment leaves the
/// old log or the new one; what is then still in the files the next opening drops.
/// `before` is called before each step and at the end, for tests that kill it there.
using BeforeStep = std::function<void(std::string_view step)>;
std::expected<void, engine::Failure> begin_later(Database& database,
                                                 const engine::Beginning& beginning,
                                                 const BeforeStep& before = {});

/// Removes what a drop that was cut short has left in the files; does nothing where there
/// is nothing.
std::expected<void, engine::Failure> finish_drop(Database& database);

}  // namespace callstate::storage
