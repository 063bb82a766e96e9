// The callers of bearer tokens. Signatures are checked once per token, sessions are read at most once a second per
// process, so that a busy client causes no database load.
// Always holds: a session that ended (or an account that changed) on this instance is removed at once; one that ended
// on another instance is accepted for at most one second. Only valid sessions are kept. Memory is bounded.
#pragma once

#include "core/base/caller.hpp"
#include "core/bus/bus.hpp"
#include "core/core.hpp"
#include "core/crypto/jwt.hpp"
#include "core/db/database.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace focus::auth {

class SessionGuard {
  public:
    SessionGuard(const Core& core, std::string jwt_secret);
    ~SessionGuard();

    /// The caller of an access token; nothing when it is malformed, expired, or its session has ended.
    db::Task<std::optional<Caller>> authenticate(std::string token);

    /// Whether the session is still valid. For sockets, which outlive a request: called after they have subscribed to
    /// ended sessions, so that no end is missed.
    db::Task<bool> stands(std::int64_t user_id, std::int64_t session_id);

    /// Those of `session_ids` that have ended, by the database; for many sockets at once.
    db::Task<std::vector<std::int64_t>> ended(std::vector<std::int64_t> session_ids);

    /// Removes the user's entries, on this and every other instance. Safe from any thread.
    void forget(std::int64_t user_id);

  private:
    struct Memory;
    db::Task<std::optional<Caller>> look_up(std::int64_t user_id, std::int64_t session_id, EpochMs now);
    std::optional<crypto::AccessClaims> claims_of(const std::string& token, EpochMs now);

    db::Database& db_;
    bus::Bus& bus_;
    const Clock& clock_;
    std::string secret_;
    std::shared_ptr<Memory> memory_;
};

} // namespace focus::auth
