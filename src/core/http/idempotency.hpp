// Idempotency-Key: a repeat of a request gets the first answer instead of a second effect. This is the pipeline's
// interface; the implementation is core/idempotency.
#pragma once

#include "core/base/caller.hpp"
#include "core/http/message.hpp"

#include <cstdint>
#include <memory>
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
        std::string body; // JSON
    };
    struct Request {
        std::int64_t user_id = 0; // 0: not authenticated
        std::string route;        // "POST /api/activities"
        std::string key;
        std::string body_hash;    // SHA-256, over target and body
        std::string network = {}; // of a client without authentication: its keys are separate
    };
    struct Fresh { // no answer yet: the handler may run, with this in its Origin
        std::shared_ptr<RequestKey> key;
    };
    struct Mismatch {}; // the key was used for another body
    using Found = std::variant<Fresh, Stored, Mismatch>;

    /// Called before the handler runs, and again after it failed: a concurrent repeat may have been faster.
    virtual Task<Found> find(Request request) = 0;
    /// The handler is done; stores the answer unless the handler's transaction has stored it with its effect.
    virtual Task<void> finish(std::shared_ptr<RequestKey> key, Stored answer) = 0;
};

} // namespace focus::http
