#include "core/db/sqlite/damage.hpp"

#include "core/base/log.hpp"

namespace focus::db::sqlite {

namespace {

using namespace std::chrono_literals;

constexpr auto k_log_every = 60s;

} // namespace

void Damage::report(std::string_view what, SteadyTime now) {
    const std::lock_guard lock{mutex_};
    if (first_.empty()) first_ = what;
    log(now);
}

std::string Damage::found(SteadyTime now) {
    const std::lock_guard lock{mutex_};
    if (!first_.empty()) log(now);
    return first_;
}

void Damage::log(SteadyTime now) {
    if (now < log_at_) return;
    log_at_ = now + k_log_every;
    log::error("the database file is damaged: restore a backup", {{"cause", std::string_view{first_}}});
}

} // namespace focus::db::sqlite
