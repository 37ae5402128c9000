#include "projections/webhooks/curl_client.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace callstate::projections {
namespace {

constexpr std::size_t head_bytes_max = 32UL * 1024;
constexpr std::size_t body_bytes_max = 64UL * 1024;

/// libcurl's own beginning, once in a process.
void initialise() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)done;
}

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::string part_of(CURLU* url, CURLUPart which) {
  char* found = nullptr;
  if (curl_url_get(url, which, &found, 0) != CURLUE_OK) return {};
  std::string text(found);
  curl_free(found);
  return text;
}

/// A name that begins like a loopback address is still a name, of whatever machine.
bool is_this_machine(const std::string& host) {
  constexpr unsigned loopback_net = 127;  // of 127.0.0.0/8
  if (host == "localhost" || host == "[::1]") return true;
  in_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 &&
         ntohl(address.s_addr) >> 24U == loopback_net;
}

/// A request under way.
struct Transfer {
  std::uint64_t number = 0;
  Request request;
  std::unique_ptr<curl_slist, ListDeleter> fields;
  std::size_t head_bytes = 0;
  std::size_t body_bytes = 0;
  bool body_cut = false;
  std::array<char, CURL_ERROR_SIZE> error{};
  std::unique_ptr<CURL, EasyDeleter> easy;  // last: uses what is above
};

std::size_t take_head(char* /*bytes*/, std::size_t size, std::size_t count, void* transfer) {
  auto& of = *static_cast<Transfer*>(transfer);
  of.head_bytes += size * count;
  return of.head_bytes > head_bytes_max ? 0 : size * count;
}

std::size_t take_body(char* /*bytes*/, std::size_t size, std::size_t count, void* transfer) {
  auto& of = *static_cast<Transfer*>(transfer);
  of.body_bytes += size * count;
  of.body_cut = of.body_bytes > body_bytes_max;
  return of.body_cut ? 0 : size * count;
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  curl_easy_setopt(easy, option, value);
}

Answer answer_of(const Transfer& transfer, CURLcode ended) {
  Answer answer;
  if (ended != CURLE_OK && !transfer.body_cut) {
    answer.error =
        transfer.error.front() != '\0' ? transfer.error.data() : curl_easy_strerror(ended);
    return answer;
  }
  long status = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RETRY_AFTER, &retry_after);
  if (retry_after > 0) answer.retry_after = std::chrono::seconds(retry_after);
  return answer;
}

}  // namespace

std::expected<void, std::string> check_webhook_url(const std::string& url, bool allow_http) {
  initialise();
  const std::unique_ptr<CURLU, UrlDeleter> parsed(curl_url());
  const auto scheme_of = [&] { return part_of(parsed.get(), CURLUPART_SCHEME); };
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      (scheme_of() != "https" && scheme_of() != "http")) {
    return std::unexpected("it is no http or https URL (write https://host/path)");
  }
  if (!part_of(parsed.get(), CURLUPART_USER).empty() ||
      !part_of(parsed.get(), CURLUPART_PASSWORD).empty()) {
    return std::unexpected(
        "the URL holds a user or a password; a receiver knows us by the signature");
  }
  const auto host = part_of(parsed.get(), CURLUPART_HOST);
  if (scheme_of() == "http" && !allow_http && !is_this_machine(host)) {
    return std::unexpected(
        "by http names and metadata would go unencrypted: use https, or say --webhook-allow-http "
        "in "
        "a network that is yours");
  }
  return {};
}

struct CurlClient::Impl {
  explicit Impl(CurlSettings given) : settings(std::move(given)), multi(curl_multi_init()) {
    const auto connections = static_cast<long>(settings.connections_max);
    curl_multi_setopt(multi.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, connections);
  }
  ~Impl() {
    for (auto& [easy, transfer] : transfers) curl_multi_remove_handle(multi.get(), easy);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void prepare(Transfer& transfer) const;

  const CurlSettings settings;
  std::unique_ptr<CURLM, MultiDeleter> multi;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> transfers;
  std::vector<Finished> failed;  // that could not be begun
};

void CurlClient::Impl::prepare(Transfer& transfer) const {
  // `Expect: 100-continue` would ask before sending; an empty value takes it out.
  curl_slist* fields = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : transfer.request.fields)
    fields = curl_slist_append(fields, (name + ": " + value).c_str());
  transfer.fields.reset(fields);

  CURL* easy = transfer.easy.get();
  const auto& body = transfer.request.body;
  set(easy, CURLOPT_URL, settings.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!settings.ca_file.empty()) set(easy, CURLOPT_CAINFO, settings.ca_file.c_str());
  set(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  set(easy, CURLOPT_POSTFIELDS, body.c_str());
  set(easy, CURLOPT_HTTPHEADER, fields);
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count()));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.timeout.count()));
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // a name that is still looked up holds nothing up
  set(easy, CURLOPT_ERRORBUFFER, transfer.error.data());
  set(easy, CURLOPT_HEADERFUNCTION, &take_head);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(easy, CURLOPT_WRITEFUNCTION, &take_body);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
}

std::expected<std::unique_ptr<CurlClient>, std::string> CurlClient::make(CurlSettings settings) {
  initialise();
  if (!settings.ca_file.empty() && ::access(settings.ca_file.c_str(), R_OK) != 0)
    return std::unexpected("cannot read certificate authorities (PEM) from " + settings.ca_file);
  return std::unique_ptr<CurlClient>(new CurlClient(std::make_unique<Impl>(std::move(settings))));
}

CurlClient::CurlClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CurlClient::~CurlClient() = default;

void CurlClient::start(std::uint64_t number, Request request) {
  auto transfer = std::make_unique<Transfer>();
  transfer->number = number;
  transfer->request = std::move(request);
  transfer->easy.reset(curl_easy_init());
  CURL* easy = transfer->easy.get();
  if (easy == nullptr) {
    impl_->failed.push_back({number, {.error = "out of memory"}});
    return;
  }
  impl_->prepare(*transfer);
  if (const auto added = curl_multi_add_handle(impl_->multi.get(), easy); added != CURLM_OK) {
    impl_->failed.push_back({number, {.error = curl_multi_strerror(added)}});
    return;
  }
  impl_->transfers.emplace(easy, std::move(transfer));
}

std::vector<HttpClient::Finished> CurlClient::run(std::chrono::milliseconds at_most) {
  auto finished = std::exchange(impl_->failed, {});
  CURLM* multi = impl_->multi.get();
  const auto collect = [&] {
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto transfer = impl_->transfers.find(message->easy_handle);
      finished.push_back(
          {transfer->second->number, answer_of(*transfer->second, message->data.result)});
      curl_multi_remove_handle(multi, message->easy_handle);
      impl_->transfers.erase(transfer);
    }
  };
  collect();
  if (!finished.empty()) return finished;
  curl_multi_poll(multi, nullptr, 0, static_cast<int>(at_most.count()), nullptr);
  collect();
  return finished;
}

void CurlClient::wake() {
  curl_multi_wakeup(impl_->multi.get());
}

}  // namespace callstate::projections
