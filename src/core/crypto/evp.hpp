// OpenSSL's objects as owning pointers, for the files of core/crypto alone.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace focus::crypto {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Deleter<&EVP_PKEY_free>>;

inline const unsigned char* bytes_of(std::string_view data) noexcept { return reinterpret_cast<const unsigned char*>(data.data()); }
inline unsigned char* bytes_of(std::string& data) noexcept { return reinterpret_cast<unsigned char*>(data.data()); }

} // namespace focus::crypto
