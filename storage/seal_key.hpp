#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/engine/ports.hpp"

// The keys of seals: Ed25519, as `openssl genpkey -algorithm ed25519` makes them.

namespace callstate::storage {

/// What checks signatures. Any thread.
class PublicKey {
 public:
  /// From PEM: a public key or, of a private one, its public half. The failure says
  /// what is wrong with it.
  static std::expected<PublicKey, std::string> parse(std::string_view pem);
  static std::expected<PublicKey, std::string> load(const std::filesystem::path& file);

  [[nodiscard]] const call::KeyId& id() const { return id_; }
  /// SubjectPublicKeyInfo in PEM, as OpenSSL writes it.
  [[nodiscard]] const std::string& pem() const { return pem_; }
  [[nodiscard]] bool verifies(std::string_view statement, const call::Signature& signature) const;

  struct Key;  // storage's own
  explicit PublicKey(std::shared_ptr<const Key> key);

 private:
  std::shared_ptr<const Key> key_;
  call::KeyId id_{};
  std::string pem_;
};

/// Makes a log's seals: with a key, or with hashes alone. Any thread.
class LogSealer final : public engine::Sealer {
 public:
  /// Unsigned.
  explicit LogSealer(std::string log_id) : log_id_(std::move(log_id)) {}
  /// `pem`: the private key. The failure says what is wrong with it.
  static std::expected<std::unique_ptr<LogSealer>, std::string> parse(std::string log_id,
                                                                      std::string_view pem);
  static std::expected<std::unique_ptr<LogSealer>, std::string> load(
      std::string log_id, const std::filesystem::path& file);

  [[nodiscard]] seal::HashFunction hash() const override;
  [[nodiscard]] const std::string& log_id() const override { return log_id_; }
  [[nodiscard]] call::KeyId key() const override;
  [[nodiscard]] std::optional<call::Signature> sign(std::string_view statement) const override;
  /// Null: unsigned.
  [[nodiscard]] const PublicKey* public_key() const { return public_ ? &*public_ : nullptr; }

 private:
  std::string log_id_;
  std::shared_ptr<const PublicKey::Key> private_;
  std::optional<PublicKey> public_;
};

}  // namespace callstate::storage
