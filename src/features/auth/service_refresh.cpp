// Exchange of refresh tokens: a part of Service.
#include "core/crypto/crypto.hpp"
#include "core/http/rate_limiter.hpp"
#include "core/http/routes.hpp"
#include "features/auth/errors.hpp"
#include "features/auth/repository.hpp"
#include "features/auth/service.hpp"

#include <algorithm>

namespace focus::auth {

namespace {

Error too_many_refreshes(int retry_after_s) {
    return Error{k_rate_limited.saying({"This session was refreshed too often. Please wait a moment.",
                                        "Cette session a été renouvelée trop souvent. Veuillez patienter un instant."})}
        .retry_after(retry_after_s);
}

} // namespace

/// Derived, so that each use of one token gives the same successor and the database holds hashes only.
std::string Service::successor_of(std::string_view refresh_token) const {
    return crypto::base64url_encode(crypto::hmac_sha256(settings_.refresh_key, refresh_token));
}

db::Task<void> Service::require_refresh_budget(std::string_view token_hash) {
    if (refresh_limiter_ == nullptr) co_return;
    const auto session_id = co_await db_.get(repository::session_of_token(token_hash));
    if (!session_id) co_return;
    auto key = "session:" + std::to_string(*session_id);
    const auto decision = co_await refresh_limiter_->check(http::Rate::refresh_session, std::move(key), 1, 1);
    if (!decision.allowed) throw too_many_refreshes(decision.retry_after_s);
}

db::Task<Tokens> Service::refresh(Refresh input, Origin origin) {
    const auto hash = crypto::sha256_hex(input.refresh_token);
    co_await require_refresh_budget(hash);
    // The verdict is returned as a value: the end of a stolen session must be committed although the answer is an error.
    using Verdict = rules::RefreshVerdict;
    struct Outcome {
        Verdict verdict = Verdict::ended;
        Tokens tokens;
    };
    auto outcome = co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Outcome> {
        auto presented = co_await tx.get(repository::find_refresh_token(hash));
        if (!presented) co_return Outcome{};
        const auto user = co_await users_.find(tx, presented->user_id);
        if (!user || !user->is_active) co_return Outcome{};
        auto& facts = presented->facts;
        auto successor = successor_of(input.refresh_token);
        const auto successor_id = co_await tx.get(repository::find_token_id(crypto::sha256_hex(successor), presented->session_id));
        const auto latest = facts.session_created_at_ms + settings_.session_max_ms;
        facts.session_expires_at_ms = std::min(facts.session_expires_at_ms, latest);
        const auto now = facts.now(clock_.now_ms());
        Outcome result{.verdict = rules::judge_refresh(facts, successor_id, now), .tokens = {}};
        if (result.verdict == Verdict::ended) co_return result;
        if (result.verdict == Verdict::reused) {
            co_await tx.get(repository::revoke(user->id, presented->session_id, now));
            audit(tx, origin, "token_reuse_detected", "A spent refresh token was presented; its session was ended", user->id,
                  audit::Level::critical);
            announce_end(tx, {.user_id = user->id, .session_id = presented->session_id});
            co_return result;
        }
        if (result.verdict != Verdict::repeat) {
            co_await repository::rotate(tx, *presented, result.verdict == Verdict::replace, crypto::sha256_hex(successor), now,
                                        std::min(now + settings_.refresh_token_ms, latest), origin);
        }
        result.tokens = make_tokens(user->id, presented->session_id, user->role, std::move(successor));
        co_return result;
    });
    if (outcome.verdict == Verdict::reused) throw Error{k_token_reused};
    if (outcome.verdict == Verdict::ended) throw Error{k_invalid_refresh_token};
    co_return std::move(outcome.tokens);
}

} // namespace focus::auth
