#include "tools/callstate/checkpoints.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view route = "/v1/checkpoints";
constexpr std::string_view index_in_making = "index";

bool is_number(std::string_view name) {
  constexpr std::size_t digits_max = 20;  // of a 64-bit number; longer is no file name
  return !name.empty() && name.size() <= digits_max &&
         std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether it is one that was made here: whatever else lies in the folder is
/// somebody's.
bool is_checkpoint(const fs::path& path) {
  std::error_code ignored;
  return is_number(path.filename().string()) && fs::exists(path / "CURRENT", ignored);
}

transports::HttpResponse wrong_method(std::string_view takes, std::string_view sentence) {
  auto refusal = transports::problem(405, "INVALID_MESSAGE", sentence);
  refusal.fields.emplace_back("Allow", takes);
  return refusal;
}

}  // namespace

Checkpoints::Checkpoints(storage::Store& store, const fs::path& data_dir, CopyIndex copy_index)
    : store_(store),
      copy_index_(std::move(copy_index)),
      folder_(fs::absolute(data_dir) / "checkpoints") {
  std::error_code ignored;
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    if (is_checkpoint(entry.path())) old.push_back(entry.path());
  }
  for (const auto& path : old) fs::remove_all(path, ignored);
}

std::optional<transports::HttpResponse> Checkpoints::answer(
    const transports::HttpRequest& request) {
  const std::string_view path = request.path;
  if (path != route && !path.starts_with(std::string(route) + "/")) return std::nullopt;
  if (!request.identity) {
    return transports::unauthenticated(request);
  }
  if (request.identity->role != call::Role::auditor &&
      request.identity->role != call::Role::service) {
    return transports::problem(403, "FORBIDDEN", "this needs the role AUDITOR or SERVICE");
  }
  if (path == route) {
    if (request.method != "POST") return wrong_method("POST", "POST makes a checkpoint");
    return make(*request.identity);
  }
  if (request.method != "DELETE") return wrong_method("DELETE", "DELETE removes it");
  return remove(path.substr(route.size() + 1), *request.identity);
}

transports::HttpResponse Checkpoints::make(const transports::Identity& by) {
  const std::scoped_lock lock(mutex_);
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) {
    return transports::problem(500, "INTERNAL", "cannot make a folder for checkpoints");
  }
  if (!make_space(by.tenant)) {
    auto refusal = transports::problem(503, "OVERLOADED",
                                       "there are as many checkpoints as the server keeps, all of "
                                       "them new: try again in some minutes");
    refusal.fields.emplace_back("Retry-After", "60");
    return refusal;
  }
  while (fs::exists(folder_ / std::to_string(++last_), error)) continue;
  const std::string name = std::to_string(last_);
  const auto position = store_.reader().head();
  // The index first: it must not know more of the log than is there.
  const fs::path index = folder_ / index_in_making;
  fs::remove_all(index, error);
  copy_index_(index);
  if (auto made = store_.make_checkpoint((folder_ / name).string()); !made) {
    return transports::problem(500, "INTERNAL", made.error().message);
  }
  made_.emplace(last_, Made{by.tenant, std::chrono::steady_clock::now()});
  fs::rename(index, folder_ / name / "index", error);
  transports::HttpResponse response;
  response.status = 201;
  transports::JsonWriter json(response.body);
  json.begin_object();
  json.text("name", name);
  json.text("path", (folder_ / name).string());
  json.number("position", position);
  // An auditor's tool shows it no other tenant's calls.
  if (by.role == call::Role::auditor) json.text("tenantId", by.tenant.view());
  json.end_object();
  return response;
}

transports::HttpResponse Checkpoints::remove(std::string_view name,
                                             const transports::Identity& by) {
  const std::scoped_lock lock(mutex_);
  std::uint64_t number = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
  const auto found = read.ec == std::errc() && read.ptr == name.data() + name.size()
                         ? made_.find(number)
                         : made_.end();
  if (found == made_.end() || found->second.tenant != by.tenant)
    return transports::problem(404, "", "there is no checkpoint of this name");
  remove(number);
  return {.status = 204, .content_type = {}, .body = {}};
}

bool Checkpoints::make_space(const call::TenantId& tenant) {
  const auto of_tenant = [&](const auto& made) { return made.second.tenant == tenant; };
  if (std::ranges::count_if(made_, of_tenant) >= std::ptrdiff_t{of_a_tenant_max})
    remove(std::ranges::find_if(made_, of_tenant)->first);
  if (made_.size() < checkpoints_max) return true;
  const auto& [number, oldest] = *made_.begin();
  if (std::chrono::steady_clock::now() - oldest.at < kept_for) return false;
  remove(number);
  return true;
}

void Checkpoints::remove(std::uint64_t number) {
  std::error_code ignored;
  fs::remove_all(folder_ / std::to_string(number), ignored);
  made_.erase(number);
}

}  // namespace callstate::tools
