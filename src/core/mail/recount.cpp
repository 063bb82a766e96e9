#include "core/mail/recount.hpp"

#include "core/counters/recount.hpp"
#include "core/mail/outbox_rows.hpp"

namespace focus::mail {

recount::Part recount_part(EpochMs now) {
    const auto judge = [](const std::vector<counters::DayCounts>& days) {
        return std::vector<counters::Corrections>{counters::at_least(days.at(0))};
    };
    return counters::days_part({{rows::k_sent_counter, "sent_at_ms", "outbox WHERE status = 'sent'"}}, judge, now);
}

} // namespace focus::mail
