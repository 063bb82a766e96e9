// Random bytes, hashes, encodings, sealing and comparison, all by OpenSSL. Nothing here keeps state.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace focus::crypto {

/// `bytes` random bytes from OpenSSL's generator, which the system seeds. Throws std::runtime_error when there are none.
[[nodiscard]] std::string random_bytes(std::size_t bytes);
/// A token for links and refresh: 256 random bits, base64url without padding (43 characters).
[[nodiscard]] std::string random_token();
/// `characters` random letters and digits that are hard to confuse (no 0 O 1 I L U), 4.9 bits each: 9 make 44 bits.
[[nodiscard]] std::string random_code(std::size_t characters);
/// SHA-256 as 64 lower-case hexadecimal digits: how tokens are stored.
[[nodiscard]] std::string sha256_hex(std::string_view data);
[[nodiscard]] std::string sha256(std::string_view data);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view data);
/// A key for one purpose, derived from the secret key (HKDF-SHA256, RFC 5869; `purpose` is the info).
[[nodiscard]] std::string derive_key(std::string_view secret, std::string_view purpose);

/// base64url without padding (RFC 4648 §5).
[[nodiscard]] std::string base64url_encode(std::string_view data);
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);
[[nodiscard]] std::string base64_encode(std::string_view data);
[[nodiscard]] std::string hex_encode(std::string_view data);

/// Equal, in a time that depends only on the lengths.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

/// Authenticated encryption (AES-256-GCM, random nonce) with a 32-byte key; base64url text.
[[nodiscard]] std::string seal(std::string_view key, std::string_view plaintext);
/// Nothing when the text was not sealed with this key.
[[nodiscard]] std::optional<std::string> unseal(std::string_view key, std::string_view sealed);

} // namespace focus::crypto
