// The public keys of an OpenID provider: a JWK Set (RFC 7517) read once. A key's type decides which algorithm it may
// verify, never the token: RSA keys (2048 to 8192 bits) are for RS256, P-256 keys for ES256, Ed25519 keys for EdDSA; all
// others are left out.
#pragma once

#include "core/crypto/jws.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::crypto {

struct PublicKey {
    std::string id; // kid; may be empty
    JwsKey key;
};

class KeySet {
  public:
    /// Nothing when the text is no JWK Set. Keys that are not for us are left out.
    [[nodiscard]] static std::optional<KeySet> parse(std::string_view json);

    /// The key for a token's `alg` and `kid`. A token without a `kid` (empty) fits when only one key is of its algorithm.
    /// Null when there is none.
    [[nodiscard]] const JwsKey* find(JwsAlgorithm algorithm, std::string_view id) const noexcept;
    [[nodiscard]] const std::vector<PublicKey>& keys() const noexcept { return keys_; }

  private:
    std::vector<PublicKey> keys_;
};

} // namespace focus::crypto
