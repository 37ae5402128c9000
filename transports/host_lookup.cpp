#include "transports/host_lookup.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace callstate::transports {

struct HostLookup::UnderWay {
  std::mutex mutex;
  std::condition_variable_any done;
  std::optional<Result> result;
};

HostLookup::Result HostLookup::ask_system(const std::string& host) {
  boost::asio::io_context unused;  // a look-up that blocks needs none, but takes one
  boost::asio::ip::tcp::resolver resolver(unused);
  boost::system::error_code error;
  const auto found = resolver.resolve(host, "", error);
  if (error) return std::unexpected("could not be fetched: " + error.message());
  std::vector<std::string> addresses;
  for (const auto& each : found) addresses.push_back(each.endpoint().address().to_string());
  return addresses;
}

HostLookup::Result HostLookup::operator()(const std::string& host,
                                          std::chrono::steady_clock::time_point deadline,
                                          const std::stop_token& stop) {
  if (!under_way_) {
    auto begun = std::make_shared<UnderWay>();
    try {
      std::thread([find = find_, begun, host] {
        auto result = find(host);
        const std::scoped_lock lock(begun->mutex);
        begun->result = std::move(result);
        begun->done.notify_all();
      }).detach();
    } catch (const std::system_error&) {
      return std::unexpected("could not be fetched: there is no thread to look its host up");
    }
    under_way_ = std::move(begun);
  }
  std::unique_lock lock(under_way_->mutex);
  if (!under_way_->done.wait_until(lock, stop, deadline,
                                   [this] { return under_way_->result.has_value(); }))
    return std::unexpected("could not be fetched: its host was not found in time");
  auto result = std::move(*under_way_->result);
  lock.unlock();
  under_way_.reset();
  return result;
}

}  // namespace callstate::transports
