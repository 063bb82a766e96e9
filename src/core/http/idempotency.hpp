// Idempotency-Key: the same request, sent again, gets the first answer instead of a second effect. The implementation
// comes from app (rows, kept 24 h per user and route).
#pragma once

#include "core/http/message.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace focus::http {

class IdempotencyStore {
  public:
    IdempotencyStore() = default;
    IdempotencyStore(const IdempotencyStore&) = delete;
    IdempotencyStore& operator=(const IdempotencyStore&) = delete;
    virtual ~IdempotencyStore() = default;

    /// An answer as it was first sent.
    struct Stored {
        int status = 200;
        std::string content_type;
        Headers headers;
        std::string body;
    };
    struct Key {
        std::int64_t user_id = 0; // 0: nobody signed in
        std::string route;        // "POST /api/activities"
        std::string key;
        std::string body_hash; // SHA-256 in hexadecimal, over target and body
    };
    struct Fresh {};    // nobody came with this key before; finish() or abandon() follows
    struct Mismatch {}; // the key was used for another body
    struct Running {};  // the first request has no answer yet
    using Claim = std::variant<Fresh, Stored, Mismatch, Running>;

    virtual Task<Claim> begin(Key key) = 0;
    /// Keeps the answer of a fresh key.
    virtual Task<void> finish(Key key, Stored answer) = 0;
    /// The handler failed: the key is free again.
    virtual Task<void> abandon(Key key) = 0;
};

} // namespace focus::http
