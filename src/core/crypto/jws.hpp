// JSON Web Signatures in compact serialisation (RFC 7515): HS256, RS256 and ES256 (RFC 7518) and EdDSA with Ed25519
// (RFC 8037), by OpenSSL. A key is for one algorithm; a token whose header names another one is not signed by it. Keys
// may be used by several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st; // OpenSSL's EVP_PKEY

namespace focus::crypto {

enum class JwsAlgorithm : std::uint8_t { hs256, rs256, es256, eddsa };

/// As a header names it: "HS256".
[[nodiscard]] std::string_view to_string(JwsAlgorithm algorithm) noexcept;
[[nodiscard]] std::optional<JwsAlgorithm> parse_jws_algorithm(std::string_view name) noexcept;

class JwsKey {
  public:
    /// For HS256. Throws std::invalid_argument when the secret is empty.
    [[nodiscard]] static JwsKey hmac(std::string_view secret);
    /// The key's type decides: RSA of 2048 to 8192 bits is for RS256, EC P-256 for ES256, Ed25519 for EdDSA. Nothing for
    /// any other key.
    [[nodiscard]] static std::optional<JwsKey> asymmetric(std::shared_ptr<evp_pkey_st> key);

    [[nodiscard]] JwsAlgorithm algorithm() const noexcept { return algorithm_; }
    /// The signature's bytes. Throws std::runtime_error when the key is a public one.
    [[nodiscard]] std::string sign(std::string_view text) const;
    [[nodiscard]] bool verify(std::string_view text, std::string_view signature) const;

  private:
    explicit JwsKey(JwsAlgorithm algorithm) noexcept : algorithm_{algorithm} {}

    JwsAlgorithm algorithm_;
    std::string secret_; // of HS256
    std::shared_ptr<evp_pkey_st> key_;
};

struct JwsHeader {
    std::string alg; // empty: missing, or not a string
    std::optional<std::string> kid;
    std::optional<std::string> typ;
};

/// A token that has the form of a JWS. It refers to the text that it was read from. Nothing in it is to be trusted
/// before payload() has given a value.
class Jws {
  public:
    /// Nothing when the text is longer than `max_bytes`, does not have three parts, or its header is not a JSON object
    /// with distinct names in base64url without padding, has a `kid` or `typ` that is not a string, or a `crit`
    /// (extensions that must be understood; none is).
    [[nodiscard]] static std::optional<Jws> parse(std::string_view token, std::size_t max_bytes);

    [[nodiscard]] const JwsHeader& header() const noexcept { return header_; }
    /// The decoded payload. Nothing unless the header names the key's algorithm and the signature is this key's.
    [[nodiscard]] std::optional<std::string> payload(const JwsKey& key) const;

  private:
    JwsHeader header_;
    std::string_view signed_text_; // header and payload, encoded
    std::string_view payload_;
    std::string_view signature_;
};

/// Whether the header's `typ` is JWT in any case, or missing: what is meant for another use is refused (RFC 8725 §3.11).
[[nodiscard]] bool is_jwt(const JwsHeader& header) noexcept;

/// A JWT (RFC 7519): the claims, which are a JSON object, signed by the key.
[[nodiscard]] std::string sign_jwt(const JwsKey& key, std::string_view claims);

} // namespace focus::crypto
