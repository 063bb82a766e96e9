#include "features/users/module.hpp"

#include "core/counters/recount.hpp"
#include "features/users/repository.hpp"

namespace focus::users {

namespace {

std::int64_t surplus(const counters::DayCounts& days, const counters::Corrections& corrections) {
    std::int64_t sum = 0;
    for (const auto& [day, count] : days) sum += count.stored - count.counted;
    for (const auto& [day, change] : corrections) sum += change;
    return sum;
}

counters::Corrections exactly(const counters::DayCounts& days) {
    counters::Corrections corrections;
    for (const auto& [day, count] : days) {
        if (count.stored != count.counted) corrections[day] = count.counted - count.stored;
    }
    return corrections;
}

/// Erased accounts have no row but count as made and as deleted: both sums may exceed the rows by the same number. Where
/// they differ in that number, the days of the erased accounts are lost.
std::vector<counters::Corrections> judge(const std::vector<counters::DayCounts>& days) {
    const auto& joined = days.at(0);
    const auto& gone = days.at(1);
    std::vector<counters::Corrections> corrections{counters::at_least(joined), counters::at_least(gone)};
    if (surplus(joined, corrections[0]) == surplus(gone, corrections[1])) return corrections;
    return {exactly(joined), exactly(gone)};
}

} // namespace

std::vector<recount::Part> recount_parts(EpochMs now) {
    return {
        counters::days_part({{repository::k_joined, "created_at_ms", "users"},
                             {repository::k_gone, "deleted_at_ms", "users WHERE deleted_at_ms IS NOT NULL"}},
                            judge, now),
        counters::total_part(repository::k_active, "SELECT COUNT(*) FROM users WHERE is_active = 1 AND deleted_at_ms IS NULL", now),
        counters::total_part(repository::k_verified, "SELECT COUNT(*) FROM users WHERE is_verified = 1 AND deleted_at_ms IS NULL", now)};
}

} // namespace focus::users
