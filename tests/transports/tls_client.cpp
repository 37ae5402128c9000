#include "tls_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace callstate::transports {

struct TlsClient::Impl {
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    SSL_free(session);
    SSL_CTX_free(context);
    if (socket >= 0) ::close(socket);
  }

  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* session = nullptr;
  int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  bool connected = false;
  std::string pending;
};

TlsClient::TlsClient(std::uint16_t port, const Options& options) : impl_(std::make_unique<Impl>()) {
  constexpr timeval patience{10, 0};
  ::setsockopt(impl_->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(impl_->socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (options.receive_buffer_bytes > 0) {
    ::setsockopt(impl_->socket, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes,
                 sizeof options.receive_buffer_bytes);
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(impl_->socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return;
  if (options.tls12) SSL_CTX_set_max_proto_version(impl_->context, TLS1_2_VERSION);
  impl_->session = SSL_new(impl_->context);
  if (options.protocol != nullptr) {
    std::string offered(1, static_cast<char>(std::string_view(options.protocol).size()));
    offered += options.protocol;
    SSL_set_alpn_protos(impl_->session, reinterpret_cast<const unsigned char*>(offered.data()),
                        static_cast<unsigned>(offered.size()));
  }
  SSL_set_fd(impl_->session, impl_->socket);
  impl_->connected = SSL_connect(impl_->session) == 1;
}
TlsClient::~TlsClient() = default;

bool TlsClient::connected() const {
  return impl_->connected;
}

std::string TlsClient::server_name() const {
  auto* certificate = SSL_get1_peer_certificate(impl_->session);
  std::array<char, 64> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  X509_free(certificate);
  return name.data();
}

std::string TlsClient::protocol() const {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(impl_->session, &chosen, &size);
  return {reinterpret_cast<const char*>(chosen), size};
}

// To a server that has gone the write raises SIGPIPE, which is to end a test only
// where the server raises it.
void TlsClient::write(std::string_view bytes) {
  sigset_t broken;
  sigset_t before;
  sigemptyset(&broken);
  sigaddset(&broken, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken, &before);
  SSL_write(impl_->session, bytes.data(), static_cast<int>(bytes.size()));
  constexpr timespec at_once{};
  sigtimedwait(&broken, nullptr, &at_once);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool TlsClient::read_more() {
  std::array<char, 16384> part;
  const int size = SSL_read(impl_->session, part.data(), static_cast<int>(part.size()));
  if (size <= 0) return false;
  impl_->pending.append(part.data(), static_cast<std::size_t>(size));
  return true;
}

std::string TlsClient::read(std::size_t size) {
  while (impl_->pending.size() < size && read_more()) {
  }
  auto taken = impl_->pending.substr(0, size);
  impl_->pending.erase(0, size);
  return taken;
}

std::string TlsClient::read_until(std::string_view end) {
  auto found = impl_->pending.find(end);
  while (found == std::string::npos && read_more()) found = impl_->pending.find(end);
  return read(found == std::string::npos ? impl_->pending.size() : found + end.size());
}

std::string TlsClient::read_to_end() {
  while (read_more()) {
  }
  return read(impl_->pending.size());
}

bool TlsClient::ended_well() const {
  return (SSL_get_shutdown(impl_->session) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void TlsClient::reset() {
  constexpr linger at_once{1, 0};
  ::setsockopt(impl_->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(impl_->socket);
  impl_->socket = -1;
}

bool TlsClient::upgrade(std::string_view target) {
  write(std::string("GET ").append(target) +
        " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  return read_until("\r\n\r\n").starts_with("HTTP/1.1 101 ");
}

std::string TlsClient::read_frame() {
  const auto byte = [](char c) { return std::size_t{static_cast<unsigned char>(c)}; };
  const auto head = read(2);
  if (head.size() < 2) return {};
  std::size_t size = byte(head[1]);
  if (size >= 126) {
    std::size_t longer = 0;
    for (const char c : read(size == 126 ? 2 : 8)) longer = longer << 8U | byte(c);
    size = longer;
  }
  return read(size);
}

}  // namespace callstate::transports
