#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;  // OpenSSL's

namespace callstate::bench {

/// A WebSocket client that adds next to nothing to what is measured: blocking
/// sockets, no threads, no extensions. Throws std::runtime_error when the
/// connection fails, ends or is silent for ten seconds.
class WsClient {
 public:
  struct Target {
    std::uint16_t port = 0;  // on 127.0.0.1
    std::string path = "/v1/ws";
    std::string token{};             // empty: none
    std::string from = "127.0.0.1";  // each address has ports of its own
    bool tls = false;                // trusting anybody
  };
  /// Connects and shakes hands.
  explicit WsClient(const Target& target);
  ~WsClient();
  WsClient(WsClient&& other) noexcept;
  WsClient& operator=(WsClient&&) = delete;

  void send(std::string_view text);
  /// The next message, valid until the next call. Pings are answered.
  std::string_view receive();
  /// The next one with `part` in it; others before it are dropped.
  std::string_view receive_with(std::string_view part);
  /// Answers pings and drops messages, as far as they have arrived.
  void look_after();

  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  struct Free {
    void operator()(ssl_st* session) const;
  };

  void start_tls();
  void shake_hands(const Target& target);
  void send_frame(std::uint8_t opcode, std::string_view payload);
  void send_all(std::string_view bytes) const;
  /// False when nothing has arrived and `wait` is not set.
  bool read_some(bool wait);
  /// The next message that is there already.
  std::optional<std::string_view> next_message();

  bool read_some_by_tls(bool wait);

  int descriptor_ = -1;
  std::unique_ptr<ssl_st, Free> tls_;  // none: plain
  std::string received_;
  std::size_t used_ = 0;  // of received_
  std::uint32_t mask_ = 0x9E3779B9;
};

}  // namespace callstate::bench
