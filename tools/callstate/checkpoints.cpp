#include "tools/callstate/checkpoints.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view route = "/v1/checkpoints";

}  // namespace

Checkpoints::Checkpoints(storage::Store& store, const fs::path& data_dir)
    : store_(store), folder_(fs::absolute(data_dir) / "checkpoints") {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::optional<transports::HttpResponse> Checkpoints::answer(
    const transports::HttpRequest& request) {
  const std::string_view path = request.path;
  if (path != route && !path.starts_with(std::string(route) + "/")) return std::nullopt;
  if (!request.identity) {
    return transports::problem(401, "UNAUTHENTICATED", "give a token: Authorization: Bearer …");
  }
  if (request.identity->role != call::Role::auditor &&
      request.identity->role != call::Role::service) {
    return transports::problem(403, "FORBIDDEN", "this needs the role AUDITOR or SERVICE");
  }
  if (path == route) {
    if (request.method != "POST") return transports::problem(405, "", "POST makes a checkpoint");
    return make();
  }
  if (request.method != "DELETE") return transports::problem(405, "", "DELETE removes it");
  return remove(std::string(path.substr(route.size() + 1)));
}

transports::HttpResponse Checkpoints::make() {
  const std::scoped_lock lock(mutex_);
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) {
    return transports::problem(500, "INTERNAL", "cannot make a folder for checkpoints");
  }
  make_space();
  const std::string name = std::to_string(++last_);
  const auto position = store_.reader().head();
  if (auto made = store_.make_checkpoint((folder_ / name).string()); !made) {
    return transports::problem(500, "INTERNAL", made.error().message);
  }
  transports::HttpResponse response;
  response.status = 201;
  transports::JsonWriter json(response.body);
  json.begin_object();
  json.text("name", name);
  json.text("path", (folder_ / name).string());
  json.number("position", position);
  json.end_object();
  return response;
}

transports::HttpResponse Checkpoints::remove(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  constexpr std::size_t digits_max = 20;  // of a 64-bit number; longer is no file name
  std::error_code ignored;
  const bool known = !name.empty() && name.size() <= digits_max &&
                     std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; }) &&
                     fs::exists(folder_ / name, ignored);
  if (!known) return transports::problem(404, "", "there is no checkpoint of this name");
  fs::remove_all(folder_ / name, ignored);
  transports::HttpResponse response;
  response.status = 204;
  return response;
}

void Checkpoints::make_space() {
  std::vector<std::uint64_t> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename().string();
    std::uint64_t number = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
    if (read.ptr == name.data() + name.size()) names.push_back(number);
  }
  std::ranges::sort(names);
  while (names.size() >= checkpoints_max) {
    fs::remove_all(folder_ / std::to_string(names.front()), ignored);
    names.erase(names.begin());
  }
}

}  // namespace callstate::tools
