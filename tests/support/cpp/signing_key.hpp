// Keys of a test's OpenID provider: they sign JWTs and describe themselves as JWKs.
#pragma once

#include "core/crypto/crypto.hpp"
#include "core/crypto/jws.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace focus::testing {

class SigningKey {
  public:
    static SigningKey rsa(unsigned bits = 2048) { return SigningKey{EVP_RSA_gen(bits), "RS256"}; }
    static SigningKey p256() { return SigningKey{EVP_EC_gen("P-256"), "ES256"}; }
    static SigningKey ed25519() { return SigningKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "EdDSA"}; }

    /// The public key; `more` are further members, like "\"use\":\"sig\",".
    [[nodiscard]] std::string jwk(std::string_view id, std::string_view more = "") const {
        const std::string head = "{\"kid\":\"" + std::string{id} + "\"," + std::string{more};
        if (algorithm_ == "RS256")
            return head + R"("kty":"RSA","n":")" + number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" + number(OSSL_PKEY_PARAM_RSA_E) + "\"}";
        if (algorithm_ == "EdDSA") return head + R"("kty":"OKP","crv":"Ed25519","x":")" + raw_public() + "\"}";
        return head + R"("kty":"EC","crv":"P-256","x":")" + number(OSSL_PKEY_PARAM_EC_PUB_X, 32) + R"(","y":")" +
               number(OSSL_PKEY_PARAM_EC_PUB_Y, 32) + "\"}";
    }

    /// A token with any header and payload, with a signature of this key.
    [[nodiscard]] std::string token(std::string_view header, std::string_view payload) const {
        const auto text = crypto::base64url_encode(header) + "." + crypto::base64url_encode(payload);
        return text + "." + crypto::base64url_encode(signer().sign(text));
    }
    /// A header for it.
    [[nodiscard]] std::string header(std::string_view id) const {
        return R"({"alg":")" + std::string{algorithm_} + R"(","kid":")" + std::string{id} + R"("})";
    }
    [[nodiscard]] const crypto::JwsKey& signer() const { return signer_.value(); }
    [[nodiscard]] std::string public_pem() const {
        const std::unique_ptr<BIO, decltype(&BIO_free_all)> memory{BIO_new(BIO_s_mem()), &BIO_free_all};
        PEM_write_bio_PUBKEY(memory.get(), key_.get());
        std::string pem(4096, '\0');
        pem.resize(static_cast<std::size_t>(BIO_read(memory.get(), pem.data(), static_cast<int>(pem.size()))));
        return pem;
    }

  private:
    SigningKey(EVP_PKEY* key, std::string_view algorithm) : key_{key, &EVP_PKEY_free}, algorithm_{algorithm} {
        if (key == nullptr) throw std::runtime_error{"no key"};
        signer_ = crypto::JwsKey::asymmetric(key_);
    }

    [[nodiscard]] std::string number(const char* name, int size = 0) const {
        BIGNUM* found = nullptr;
        if (EVP_PKEY_get_bn_param(key_.get(), name, &found) != 1) throw std::runtime_error{name};
        const std::unique_ptr<BIGNUM, decltype(&BN_free)> value{found, &BN_free};
        std::string bytes(static_cast<std::size_t>(size != 0 ? size : BN_num_bytes(found)), '\0');
        BN_bn2binpad(found, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
        return crypto::base64url_encode(bytes);
    }

    [[nodiscard]] std::string raw_public() const {
        std::string bytes(32, '\0');
        std::size_t size = bytes.size();
        if (EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size) != 1)
            throw std::runtime_error{"no raw key"};
        return crypto::base64url_encode(bytes);
    }

    std::shared_ptr<EVP_PKEY> key_;
    std::optional<crypto::JwsKey> signer_; // nothing: a key that no token may be signed with
    std::string_view algorithm_;
};

} // namespace focus::testing
