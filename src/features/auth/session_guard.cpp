#include "features/auth/session_guard.hpp"

#include "features/auth/repository.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace focus::auth {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::string_view k_topic = "user.changed";
constexpr std::chrono::milliseconds k_believed{900}; // below the second of API.md §2; leaves time for the answer
constexpr std::size_t k_max_tokens = 50'000;
constexpr std::size_t k_max_users = 50'000;

} // namespace

/// Two bounded maps; a full one is cleared, which costs one look-up per entry and nothing else.
struct SessionGuard::Memory {
    struct Known {
        Caller caller;
        SteadyTime until;
    };
    std::mutex mutex;
    std::unordered_map<std::string, crypto::AccessClaims> claims;  // by token; checked signatures
    std::unordered_map<std::int64_t, std::vector<Known>> sessions; // by user
    std::uint64_t change_count = 0;                                // number of removals, of any user

    std::optional<Caller> find(std::int64_t user_id, std::int64_t session_id) {
        const auto now = std::chrono::steady_clock::now();
        const std::scoped_lock lock{mutex};
        const auto found = sessions.find(user_id);
        if (found == sessions.end()) return std::nullopt;
        for (const auto& known : found->second) {
            if (known.caller.session_id == session_id && known.until > now) return known.caller;
        }
        return std::nullopt;
    }
    std::uint64_t generation() {
        const std::scoped_lock lock{mutex};
        return change_count;
    }
    /// Stores the result of a look-up, unless a user was removed since it began (it may have read old rows).
    void remember(const Caller& caller, std::uint64_t generation_before) {
        const auto now = std::chrono::steady_clock::now();
        const std::scoped_lock lock{mutex};
        if (generation_before != change_count) return;
        if (sessions.size() >= k_max_users) sessions.clear();
        auto& known = sessions[caller.user_id];
        std::erase_if(known, [&](const Known& one) { return one.until <= now || one.caller.session_id == caller.session_id; });
        known.push_back({caller, now + k_believed});
    }
    void forget(std::int64_t user_id) {
        const std::scoped_lock lock{mutex};
        ++change_count;
        sessions.erase(user_id);
    }
    void forget_all() {
        const std::scoped_lock lock{mutex};
        ++change_count;
        sessions.clear();
    }
};

SessionGuard::SessionGuard(const Core& core, std::string jwt_secret)
    : db_{core.database}, bus_{core.bus}, clock_{core.clock}, secret_{std::move(jwt_secret)}, memory_{std::make_shared<Memory>()} {
    bus_.subscribe(std::string{k_topic}, [memory = memory_](std::string_view payload) {
        std::int64_t user_id = 0;
        if (std::from_chars(payload.data(), payload.data() + payload.size(), user_id).ec == std::errc{}) memory->forget(user_id);
    });
    bus_.on_gap([memory = memory_] { memory->forget_all(); });
}

SessionGuard::~SessionGuard() = default;

std::optional<crypto::AccessClaims> SessionGuard::claims_of(const std::string& token, EpochMs now) {
    {
        const std::scoped_lock lock{memory_->mutex};
        if (const auto found = memory_->claims.find(token); found != memory_->claims.end()) {
            if (found->second.expires_at_ms > now) return found->second;
            memory_->claims.erase(found);
            return std::nullopt;
        }
    }
    auto claims = crypto::verify_access_token(secret_, token, now);
    if (!claims) return std::nullopt;
    const std::scoped_lock lock{memory_->mutex};
    if (memory_->claims.size() >= k_max_tokens) memory_->claims.clear();
    memory_->claims.emplace(token, *claims);
    return claims;
}

db::Task<std::optional<Caller>> SessionGuard::authenticate(std::string token) {
    const auto now = clock_.now_ms();
    const auto claims = claims_of(token, now);
    if (!claims) co_return std::nullopt;
    auto caller = co_await look_up(claims->user_id, claims->session_id, now);
    if (caller) caller->token_expires_at_ms = claims->expires_at_ms;
    co_return caller;
}

db::Task<bool> SessionGuard::stands(std::int64_t user_id, std::int64_t session_id) {
    const auto caller = co_await look_up(user_id, session_id, clock_.now_ms());
    co_return caller.has_value();
}

db::Task<std::vector<std::int64_t>> SessionGuard::ended(std::vector<std::int64_t> session_ids) {
    std::ranges::sort(session_ids);
    session_ids.erase(std::ranges::unique(session_ids).begin(), session_ids.end());
    auto standing = co_await repository::standing(db_, session_ids, clock_.now_ms());
    std::ranges::sort(standing);
    std::vector<std::int64_t> ended;
    std::ranges::set_difference(session_ids, standing, std::back_inserter(ended));
    co_return ended;
}

db::Task<std::optional<Caller>> SessionGuard::look_up(std::int64_t user_id, std::int64_t session_id, EpochMs now) {
    auto caller = memory_->find(user_id, session_id);
    if (caller) co_return caller;
    const auto generation = memory_->generation();
    caller = co_await db_.get(repository::caller_of(session_id, user_id, now));
    if (caller) memory_->remember(*caller, generation);
    co_return caller;
}

void SessionGuard::forget(std::int64_t user_id) {
    memory_->forget(user_id);
    bus_.publish(k_topic, std::to_string(user_id));
}

} // namespace focus::auth
