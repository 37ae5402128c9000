#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "storage/detail/files.hpp"
#include "storage/detail/new_directory.hpp"

namespace callstate::storage {
namespace {

namespace fs = std::filesystem;

std::unexpected<engine::Failure> cannot(const std::string& what, const std::error_code& error) {
  return std::unexpected(engine::Failure{"cannot " + what + ": " + error.message()});
}

/// Without the slash that would make `DIR.making` of it a path within it.
fs::path without_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

NewDirectory::NewDirectory(const fs::path& target) : target_(target), making_(target) {
  making_ += ".making";
}

NewDirectory::NewDirectory(NewDirectory&& other) noexcept
    : target_(std::move(other.target_)), making_(std::exchange(other.making_, {})) {}

NewDirectory::~NewDirectory() {
  std::error_code ignored;
  if (!making_.empty()) fs::remove_all(making_, ignored);
}

std::expected<NewDirectory, engine::Failure> NewDirectory::begin(const fs::path& target) {
  const fs::path path = without_slash(target);
  std::error_code error;
  if (fs::exists(path, error) && !(fs::is_directory(path, error) && fs::is_empty(path, error))) {
    return std::unexpected(engine::Failure{path.string() +
                                           " exists and is no empty directory; name one that does "
                                           "not exist yet"});
  }
  NewDirectory made(path);
  if (fs::exists(made.making_, error)) {
    const auto left = std::exchange(made.making_, {});
    return std::unexpected(engine::Failure{left.string() +
                                           " exists: something is being made there, or was cut "
                                           "short; if nothing runs, remove it and try again"});
  }
  const auto parent = made.making_.parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  if (error) return cannot("make the directory " + parent.string(), error);
  fs::create_directory(made.making_, error);
  if (error) return cannot("make the directory " + made.making_.string(), error);
  // It is to hold calls: nobody's but its owner's to read.
  fs::permissions(made.making_, fs::perms::owner_all, error);
  return made;
}

std::expected<void, engine::Failure> NewDirectory::keep() {
  std::error_code error;
  for (const auto& file : fs::directory_iterator(making_, error)) {
    if (!sync_file(file.path()))
      return cannot("sync " + file.path().string(), {EIO, std::generic_category()});
  }
  if (error) return cannot("list " + making_.string(), error);
  if (!sync_file(making_))
    return cannot("sync " + making_.string(), {EIO, std::generic_category()});
  fs::rename(making_, target_, error);  // also over an empty directory
  if (error) return cannot("rename " + making_.string() + " to " + target_.string(), error);
  making_.clear();
  const auto parent = target_.parent_path();
  (void)sync_file(parent.empty() ? "." : parent);
  return {};
}

}  // namespace callstate::storage
