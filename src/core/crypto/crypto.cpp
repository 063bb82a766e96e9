#include "core/crypto/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <stdexcept>

namespace focus::crypto {

namespace {

constexpr std::size_t k_hash_bytes = 32;
constexpr std::size_t k_key_bytes = 32;
constexpr std::size_t k_nonce_bytes = 12; // the length for GCM (NIST SP 800-38D §8.2)
constexpr std::size_t k_tag_bytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view data) noexcept { return reinterpret_cast<const unsigned char*>(data.data()); }
unsigned char* bytes_of(std::string& data) noexcept { return reinterpret_cast<unsigned char*>(data.data()); }

int int_size(std::string_view data) {
    if (data.size() > std::numeric_limits<int>::max() / 2) throw std::length_error{"crypto: the data is too long"};
    return static_cast<int>(data.size());
}

void require(bool succeeded, const char* what) {
    if (!succeeded) throw std::runtime_error{std::string{"crypto: "} + what + " failed"};
}

Cipher aes_gcm(std::string_view key) {
    if (key.size() != k_key_bytes) throw std::invalid_argument{"crypto: a sealing key has 32 bytes"};
    Cipher cipher{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
    require(cipher != nullptr, "EVP_CIPHER_CTX_new");
    return cipher;
}

} // namespace

std::string random_bytes(std::size_t bytes) {
    std::string random(bytes, '\0');
    require(RAND_bytes(bytes_of(random), int_size(random)) == 1, "RAND_bytes");
    return random;
}

std::string random_token() { return base64url_encode(random_bytes(32)); }

std::string random_code(std::size_t characters) {
    static constexpr std::string_view k_alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string code;
    code.reserve(characters);
    while (code.size() < characters) {
        for (const char random : random_bytes(characters)) {
            const std::size_t index = static_cast<unsigned char>(random) & 31U;
            // Indices beyond the alphabet are discarded, so that every character is equally likely.
            if (index < k_alphabet.size() && code.size() < characters) code += k_alphabet[index];
        }
    }
    return code;
}

std::string sha256(std::string_view data) {
    std::string hash(k_hash_bytes, '\0');
    require(EVP_Digest(data.data(), data.size(), bytes_of(hash), nullptr, EVP_sha256(), nullptr) == 1, "SHA-256");
    return hash;
}

std::string sha256_hex(std::string_view data) { return hex_encode(sha256(data)); }

std::string hmac_sha256(std::string_view key, std::string_view data) {
    std::string mac(k_hash_bytes, '\0');
    require(HMAC(EVP_sha256(), key.data(), int_size(key), bytes_of(data), data.size(), bytes_of(mac), nullptr) != nullptr, "HMAC");
    return mac;
}

std::string derive_key(std::string_view secret, std::string_view purpose) {
    const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf{EVP_KDF_fetch(nullptr, "HKDF", nullptr), &EVP_KDF_free};
    require(kdf != nullptr, "EVP_KDF_fetch");
    const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context{EVP_KDF_CTX_new(kdf.get()), &EVP_KDF_CTX_free};
    require(context != nullptr, "EVP_KDF_CTX_new");
    std::string digest = "SHA256";
    std::string input{secret};
    std::string info{purpose};
    const std::array<OSSL_PARAM, 4> params{OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), digest.size()),
                                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, input.data(), input.size()),
                                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
                                           OSSL_PARAM_construct_end()};
    std::string key(k_key_bytes, '\0');
    const bool derived = EVP_KDF_derive(context.get(), bytes_of(key), key.size(), params.data()) == 1;
    OPENSSL_cleanse(input.data(), input.size());
    require(derived, "HKDF");
    return key;
}

std::string base64_encode(std::string_view data) {
    std::string text(4 * ((data.size() + 2) / 3) + 1, '\0'); // EVP_EncodeBlock ends it with a NUL
    const int length = EVP_EncodeBlock(bytes_of(text), bytes_of(data), int_size(data));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::string base64url_encode(std::string_view data) {
    std::string text = base64_encode(data);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    text.erase(std::min(text.find('='), text.size()));
    return text;
}

std::optional<std::string> base64url_decode(std::string_view text) {
    static constexpr std::string_view k_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (text.size() % 4 == 1 || text.find_first_not_of(k_alphabet) != std::string_view::npos) return std::nullopt;
    std::string padded{text};
    std::ranges::replace(padded, '-', '+');
    std::ranges::replace(padded, '_', '/');
    const std::size_t padding = (4 - padded.size() % 4) % 4;
    padded.append(padding, '=');
    std::string data(padded.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(bytes_of(data), bytes_of(padded), int_size(padded)) < 0) return std::nullopt;
    data.erase(data.end() - static_cast<std::ptrdiff_t>(padding), data.end());
    // Bits that the last character has to spare must be zero, else several texts would mean the same bytes.
    if (base64url_encode(data) != text) return std::nullopt;
    return data;
}

std::string hex_encode(std::string_view data) {
    static constexpr std::string_view k_digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * data.size());
    for (const char each : data) {
        const auto byte = static_cast<unsigned char>(each);
        text += k_digits[byte >> 4U];
        text += k_digits[byte & 15U];
    }
    return text;
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// A sealed text is nonce, ciphertext and tag in this order, in base64url.

std::string seal(std::string_view key, std::string_view plaintext) {
    const Cipher cipher = aes_gcm(key);
    std::string sealed = random_bytes(k_nonce_bytes);
    require(EVP_EncryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), bytes_of(key), bytes_of(sealed), nullptr) == 1, "AES-GCM");
    sealed.resize(k_nonce_bytes + plaintext.size() + k_tag_bytes);
    unsigned char* output = bytes_of(sealed) + k_nonce_bytes;
    int written = 0;
    require(EVP_EncryptUpdate(cipher.get(), output, &written, bytes_of(plaintext), int_size(plaintext)) == 1, "AES-GCM");
    int rest = 0;
    require(EVP_EncryptFinal_ex(cipher.get(), output + written, &rest) == 1, "AES-GCM");
    require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, k_tag_bytes, output + plaintext.size()) == 1, "AES-GCM");
    return base64url_encode(sealed);
}

std::optional<std::string> unseal(std::string_view key, std::string_view sealed) {
    std::optional<std::string> data = base64url_decode(sealed);
    if (!data || data->size() < k_nonce_bytes + k_tag_bytes) return std::nullopt;
    const Cipher cipher = aes_gcm(key);
    require(EVP_DecryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), bytes_of(key), bytes_of(*data), nullptr) == 1, "AES-GCM");
    std::string plaintext(data->size() - k_nonce_bytes - k_tag_bytes, '\0');
    unsigned char* input = bytes_of(*data) + k_nonce_bytes;
    int written = 0;
    require(EVP_DecryptUpdate(cipher.get(), bytes_of(plaintext), &written, input, int_size(plaintext)) == 1, "AES-GCM");
    require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, k_tag_bytes, input + plaintext.size()) == 1, "AES-GCM");
    int rest = 0;
    if (EVP_DecryptFinal_ex(cipher.get(), bytes_of(plaintext) + written, &rest) != 1) return std::nullopt;
    return plaintext;
}

} // namespace focus::crypto
