#include "features/notifications/presence.hpp"

#include "core/crypto/crypto.hpp"

#include <charconv>
#include <format>
#include <optional>

namespace focus::notifications {

namespace {

constexpr std::string_view k_topic = "sockets.presence";

// Messages, each "<instance> <kind><rest>":
//   +<changes> <user> <count>    the user has that many sockets there now; its <changes>th change
//   =<changes>                   still alive
//   ?<instance>                  please send your table, <instance>
//   *<changes> <user>:<count> …  the whole table

std::string_view take_word(std::string_view& text) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

} // namespace

Presence::Presence(bus::Bus& bus) : bus_{bus}, id_{crypto::random_code(12)} {
    own_.changes = 0;
    bus_.subscribe(std::string{k_topic}, [this](std::string_view payload) { receive(payload); });
}

void Presence::change(std::int64_t user_id, int by) {
    const std::scoped_lock in_order{publishing_};
    std::string news;
    {
        const std::scoped_lock lock{mutex_};
        const auto known = own_.counts.find(user_id);
        const auto count = (known == own_.counts.end() ? 0 : known->second) + by;
        set_count(own_, user_id, count);
        news = std::format("{} +{} {} {}", id_, ++own_.changes, user_id, count);
    }
    bus_.publish(k_topic, std::move(news));
}

void Presence::beat(Instant now) {
    std::string news;
    {
        const std::scoped_lock lock{mutex_};
        if (now < next_beat_) return;
        next_beat_ = now + k_beat;
        news = std::format("{} ={}", id_, own_.changes);
    }
    bus_.publish(k_topic, std::move(news));
}

Presence::Totals Presence::totals(std::int64_t user_id, Instant now) {
    const std::scoped_lock lock{mutex_};
    forget_silent(now);
    const auto own = everywhere_.find(user_id);
    return {.active_users = static_cast<std::int64_t>(everywhere_.size()),
            .connections = connections_,
            .of_user = own == everywhere_.end() ? 0 : own->second};
}

void Presence::set_count(Instance& instance, std::int64_t user_id, std::int64_t count) {
    const auto set = [user_id](Counts& counts, std::int64_t value) {
        if (value == 0)
            counts.erase(user_id);
        else
            counts[user_id] = value;
    };
    const auto of = [user_id](const Counts& counts) {
        const auto found = counts.find(user_id);
        return found == counts.end() ? 0 : found->second;
    };
    const auto more = count - of(instance.counts);
    connections_ += more;
    set(everywhere_, of(everywhere_) + more);
    set(instance.counts, count);
}

void Presence::set_counts(Instance& instance, const Counts& counts) {
    const auto before = instance.counts;
    for (const auto& [user_id, count] : before) set_count(instance, user_id, 0);
    for (const auto& [user_id, count] : counts) set_count(instance, user_id, count);
}

void Presence::forget_silent(Instant now) {
    for (auto at = others_.begin(); at != others_.end();) {
        if (now - at->second.heard_at <= k_forget_after) {
            ++at;
            continue;
        }
        set_counts(at->second, {});
        at = others_.erase(at);
    }
}

void Presence::receive(std::string_view payload) {
    const std::string from{take_word(payload)};
    if (from == id_ || payload.empty()) return;
    const char kind = payload.front();
    payload.remove_prefix(1);
    if (kind == '?') {
        if (payload == id_) publish_table();
    } else if (kind == '*') {
        receive_table(from, payload);
    } else if (kind == '+' || kind == '=') {
        receive_news(from, payload);
    }
}

void Presence::receive_news(const std::string& from, std::string_view news) {
    const auto changes = number_of(take_word(news));
    if (!changes) return;
    const auto user_id = number_of(take_word(news));
    const auto count = number_of(take_word(news));
    bool ask = false;
    {
        const std::scoped_lock lock{mutex_};
        auto& other = others_[from];
        other.heard_at = std::chrono::steady_clock::now();
        if (other.changes < 0 && *changes == 1) other.changes = 0; // its first: none can be missing
        const bool is_next = user_id && count && other.changes >= 0 && *changes == other.changes + 1;
        if (is_next) {
            other.changes = *changes;
            set_count(other, *user_id, *count);
        }
        const bool is_beat = !user_id; // a heartbeat repeats the question: it may have been lost
        ask = *changes > other.changes && (is_beat || !other.asked);
        other.asked = other.asked || ask;
    }
    if (ask) bus_.publish(k_topic, std::format("{} ?{}", id_, from));
}

void Presence::receive_table(const std::string& from, std::string_view table) {
    const auto changes = number_of(take_word(table));
    if (!changes) return;
    Counts counts;
    while (!table.empty()) {
        const auto word = take_word(table);
        const auto colon = word.find(':');
        const auto user_id = number_of(word.substr(0, colon));
        const auto count = colon == std::string_view::npos ? std::nullopt : number_of(word.substr(colon + 1));
        if (user_id && count && *count > 0) counts[*user_id] = *count;
    }
    const std::scoped_lock lock{mutex_};
    auto& other = others_[from];
    other.heard_at = std::chrono::steady_clock::now();
    if (*changes < other.changes) return; // older than the known state
    other.changes = *changes;
    set_counts(other, counts);
    other.asked = false;
}

void Presence::publish_table() {
    std::string table;
    {
        const std::scoped_lock lock{mutex_};
        table = std::format("{} *{}", id_, own_.changes);
        for (const auto& [user, count] : own_.counts) std::format_to(std::back_inserter(table), " {}:{}", user, count);
    }
    bus_.publish(k_topic, std::move(table));
}

} // namespace focus::notifications
