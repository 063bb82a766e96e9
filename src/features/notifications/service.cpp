#include "features/notifications/service.hpp"

#include "core/base/utf8.hpp"
#include "core/idempotency/idempotency.hpp"
#include "features/notifications/names.hpp"
#include "features/notifications/push.hpp"
#include "features/notifications/repository.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

namespace focus::notifications {

namespace {

constexpr std::size_t k_step = 500; // users per statement
constexpr std::chrono::milliseconds k_patience{1000};

/// A text that a user wrote.
Draft draft_of(std::string title, std::string message) {
    return {.type = Type::custom,
            .title = k_as_written_title,
            .message = k_as_written_message,
            .args = {{"title", std::move(title)}, {"message", std::move(message)}}};
}

/// At most `characters` of the text.
std::string cut(std::string text, std::size_t characters) {
    std::string_view rest = text;
    for (; characters > 0 && !rest.empty(); --characters) rest.remove_prefix(std::max<std::size_t>(1, utf8::first(rest).length));
    text.resize(text.size() - rest.size());
    return text;
}

struct Rendered {
    std::string title;
    std::string message;
};

/// With the name instead of its mark: a pushed text is not stored.
std::string shown(std::string_view text, const Draft& draft, Language language) {
    if (draft.about.id == 0) return std::string{text};
    return names::fill(text, {{draft.about.id, draft.about.name}}, language);
}

Rendered render(const Draft& draft, Language language) {
    return {cut(draft.title.render(language, draft.args), k_max_title), cut(draft.message.render(language, draft.args), k_max_message)};
}

} // namespace

void Service::erase_user(db::Transaction& tx, std::int64_t user_id) { repository::delete_of_user(tx, user_id); }

db::Task<bool> Service::add(db::Transaction& tx, std::int64_t user_id, Draft draft) {
    std::vector<std::int64_t> ids{user_id};
    co_return co_await store(tx, co_await users_.addressees(tx, std::move(ids)), draft) > 0;
}

db::Task<bool> Service::add(db::Transaction& tx, users::Addressee to, Draft draft) {
    std::vector<users::Addressee> one{to};
    co_return co_await store(tx, std::move(one), draft) > 0;
}

db::Task<std::int64_t> Service::add_many(db::Transaction& tx, std::vector<std::int64_t> user_ids, Draft draft) {
    std::ranges::sort(user_ids); // all transactions lock the turns in the same order
    user_ids.erase(std::ranges::unique(user_ids).begin(), user_ids.end());
    std::int64_t added = 0;
    for (std::size_t at = 0; at < user_ids.size(); at += k_step) {
        const auto from = user_ids.begin() + static_cast<std::ptrdiff_t>(at);
        std::vector<std::int64_t> step{from, from + static_cast<std::ptrdiff_t>(std::min(k_step, user_ids.size() - at))};
        added += co_await store(tx, co_await users_.addressees(tx, std::move(step)), draft);
    }
    co_return added;
}

db::Task<std::int64_t> Service::store(db::Transaction& tx, std::vector<users::Addressee> to, const Draft& draft) {
    if (to.empty()) co_return 0;
    std::vector<std::int64_t> user_ids;
    for (const auto& one : to) user_ids.push_back(one.id);
    const auto last = co_await repository::take_turns(tx, std::move(user_ids), draft.dedup_key);

    std::map<Language, Rendered> texts;
    for (const auto& one : to) {
        if (!texts.contains(one.language)) texts.emplace(one.language, render(draft, one.language));
    }
    std::erase_if(to, [&](const users::Addressee& one) { return !last.contains(one.id); });
    if (to.empty()) co_return 0;
    std::vector<repository::Fresh> rows;
    rows.reserve(to.size());
    for (const auto& one : to) {
        const auto& text = texts.at(one.language);
        rows.push_back({one.id, text.title, text.message, !one.notifications_enabled});
    }
    const auto now = clock_.now_ms();
    const auto ids = co_await repository::insert(tx, std::move(rows), draft, now);
    for (std::size_t i = 0; i < to.size(); ++i) {
        const auto& text = texts.at(to[i].language);
        Push push{.user_id = to[i].id,
                  .id = ids[i],
                  .previous_id = last.at(to[i].id),
                  .type = draft.type,
                  .is_silent = !to[i].notifications_enabled,
                  .frame = frame_of({.id = ids[i],
                                     .notification_type = draft.type,
                                     .title = shown(text.title, draft, to[i].language),
                                     .message = shown(text.message, draft, to[i].language),
                                     .data = {shown(draft.data, draft, to[i].language)},
                                     .created_at = {now}})};
        tx.after_commit([this, payload = encode(push)] { bus_.publish(k_push_topic, payload); });
    }
    co_return static_cast<std::int64_t>(to.size());
}

void Service::push(users::Addressee to, const Draft& draft) const {
    if (!to.notifications_enabled) return;
    const auto text = render(draft, to.language);
    bus_.publish(k_push_topic, encode({.user_id = to.id,
                                       .type = draft.type,
                                       .frame = frame_of({.notification_type = draft.type,
                                                          .title = shown(text.title, draft, to.language),
                                                          .message = shown(text.message, draft, to.language),
                                                          .data = {shown(draft.data, draft, to.language)},
                                                          .created_at = {clock_.now_ms()}})}));
}

db::Task<void> Service::name_all(std::int64_t user_id, std::vector<Notification>& notifications) {
    std::set<std::int64_t> ids;
    for (const auto& one : notifications)
        for (const auto* text : {&one.title, &one.message, &one.data.text}) names::collect(*text, ids);
    if (ids.empty()) co_return;
    const auto [known, language] = co_await known_names(user_id, std::move(ids));
    for (auto& one : notifications)
        for (auto* text : {&one.title, &one.message, &one.data.text}) *text = names::fill(*text, known, language);
}

db::Task<std::string> Service::named(std::int64_t user_id, std::string text) {
    std::set<std::int64_t> ids;
    names::collect(text, ids);
    if (ids.empty()) co_return text;
    const auto [known, language] = co_await known_names(user_id, std::move(ids));
    co_return names::fill(text, known, language);
}

db::Task<std::pair<std::map<std::int64_t, std::string>, Language>> Service::known_names(std::int64_t user_id, std::set<std::int64_t> ids) {
    std::vector<std::int64_t> whose{ids.begin(), ids.end()};
    const auto users = co_await users_.public_users(db_, std::move(whose));
    std::map<std::int64_t, std::string> known;
    for (const auto& [id, user] : users) known.emplace(id, user.username);
    auto language = Language::en;
    if (known.size() < ids.size()) { // one is a deleted account; its name is in the reader's language
        std::vector<std::int64_t> own{user_id};
        const auto reader = co_await users_.addressees(db_, std::move(own));
        if (!reader.empty()) language = reader.front().language;
    }
    co_return std::pair{std::move(known), language};
}

db::Task<Listed> Service::list(Caller caller, ListQuery query) {
    auto listed = co_await repository::list(db_, caller.user_id, query);
    co_await name_all(caller.user_id, listed.items);
    co_return listed;
}

db::Task<Notification> Service::mark_read(std::int64_t user_id, std::int64_t id) {
    auto notification = co_await repository::mark_read(db_, user_id, id);
    if (!notification) throw not_found();
    std::vector<Notification> one{std::move(*notification)};
    co_await name_all(user_id, one);
    co_return std::move(one.front());
}

db::Task<std::int64_t> Service::mark_all_read(std::int64_t user_id) {
    co_return static_cast<std::int64_t>(co_await db_.get(repository::mark_all_read(user_id)));
}

Announced Service::answer_of(const Progress& progress, Language language) {
    const Text done{"Sent to {count} people.", "Envoyé à {count} personnes."};
    const Text begun{"Sent to {count} people, the others follow.", "Envoyé à {count} personnes, les autres suivent."};
    const auto& text = progress.is_done ? done : begun;
    return {.message = text.render(language, {{"count", std::to_string(progress.told)}}),
            .recipients = progress.told,
            .status = progress.is_done ? AnnouncementStatus::sent : AnnouncementStatus::sending};
}

db::Task<Announced> Service::announce(Caller caller, Origin origin, Language language, Announcement announcement) {
    if (announcement.user_ids) co_return co_await announce_to(caller, std::move(origin), language, std::move(announcement));
    const auto kept = answer_of({.told = 0, .is_done = false}, language);
    const auto id = co_await db_.transaction([&](db::Transaction& tx) -> db::Task<std::int64_t> {
        const auto added = co_await tx.get(
            repository::add_announcement(announcement.title.value, announcement.message.value, caller.user_id, clock_.now_ms()));
        audit(tx, origin, caller, "Notification sent to all users", added);
        idempotency::keep(tx, origin, kept, clock_.now_ms(), 200);
        co_return added;
    });
    const auto until = std::chrono::steady_clock::now() + k_patience;
    Progress progress;
    do {
        progress = co_await tell_next(id);
    } while (!progress.is_done && std::chrono::steady_clock::now() < until);
    co_return origin.request_key ? kept : answer_of(progress, language);
}

db::Task<Announced> Service::announce_to(Caller caller, Origin origin, Language language, Announcement announcement) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Announced> {
        const auto told =
            co_await add_many(tx, announcement.user_ids->items, draft_of(announcement.title.value, announcement.message.value));
        audit(tx, origin, caller, "Notification sent to " + std::to_string(told) + " people", 0);
        auto answer = answer_of({.told = told}, language);
        idempotency::keep(tx, origin, answer, clock_.now_ms(), 200);
        co_return answer;
    });
}

/// Notifies the next users in a transaction of its own: none waits long, and the first are notified at once.
db::Task<Service::Progress> Service::tell_next(std::int64_t announcement_id) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Progress> {
        auto open = co_await tx.get(repository::announcement_for_update(announcement_id));
        if (!open) co_return Progress{};
        if (open->done_at_ms) co_return Progress{.told = open->told}; // another instance has done it
        auto step = co_await users_.addressees_after(tx, open->after_user_id, k_step);
        const bool is_last = step.size() < k_step;
        if (!step.empty()) {
            open->after_user_id = step.back().id;
            open->told += co_await store(tx, std::move(step), draft_of(open->title, open->message));
        }
        if (is_last) open->done_at_ms = clock_.now_ms();
        repository::set_progress(tx, *open);
        co_return Progress{.told = open->told, .is_done = is_last};
    });
}

db::Task<void> Service::continue_announcements(std::function<bool()> may_go_on) {
    const auto open = co_await db_.get(repository::open_announcements());
    for (const auto id : open) {
        while (may_go_on()) {
            const auto told = co_await tell_next(id);
            if (told.is_done) break;
        }
    }
}

void Service::audit(db::Transaction& tx, const Origin& origin, const Caller& caller, std::string message, std::int64_t id) const {
    audit::record(tx, origin,
                  {.action = "notification_sent",
                   .message = std::move(message),
                   .level = audit::Level::warning,
                   .user_id = caller.user_id,
                   .resource_type = "notification",
                   .resource_id = id},
                  clock_.now_ms());
}

db::Task<std::int64_t> Service::last_id(std::int64_t user_id) { return db_.get(repository::last_id(user_id)); }

db::Task<std::vector<Notification>> Service::pushed_after(std::int64_t user_id, std::int64_t after_id, int limit) {
    auto found = co_await db_.get(repository::pushed_after(user_id, after_id, limit));
    co_await name_all(user_id, found);
    co_return found;
}

db::Task<std::uint64_t> Service::delete_old() { return repository::delete_old(db_, clock_.now_ms() - k_kept_ms); }

personal::Section Service::personal_data() {
    auto section = repository::personal_data(db_);
    section.read = [this, read = std::move(section.read)](std::int64_t user_id, std::string after) -> db::Task<personal::Page> {
        auto page = co_await read(user_id, std::move(after));
        page.json = co_await named(user_id, std::move(page.json));
        co_return page;
    };
    return section;
}

} // namespace focus::notifications
