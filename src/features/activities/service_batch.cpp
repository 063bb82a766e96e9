#include "core/idempotency/idempotency.hpp"
#include "features/activities/recording.hpp"
#include "features/activities/repository.hpp"
#include "features/activities/service.hpp"

#include <algorithm>
#include <format>
#include <map>
#include <numeric>

namespace focus::activities {

namespace {

/// A concurrent transaction used one of our client ids after the check and before the write.
struct ClientIdTaken {};
constexpr int k_max_attempts = 5;

/// The valid rows of a batch, and the index of each in it.
struct Sorted {
    std::vector<NewRecord> records;
    std::vector<std::size_t> places;
    BatchResult result; // with the failed ones
};

ItemResult failed(ItemResult item, const Error& error, Language language) {
    item.status = ItemStatus::error;
    item.error = to_wire(error, language);
    return item;
}

Sorted sort_out(const Caller& caller, std::vector<BatchItem> items, EpochMs now) {
    Sorted sorted;
    for (std::size_t i = 0; i < items.size(); ++i) {
        auto& item = items[i];
        ItemResult entry{.index = static_cast<std::int64_t>(i), .client_id = item.client_id, .id = {}, .error = {}};
        try {
            if (!item.faults.empty()) throw invalid_input(std::move(item.faults));
            auto record = to_record(caller, item.activity, now);
            require_valid(record, caller, now, {"body", "activities", entry.index});
            record.client_id = std::move(item.client_id);
            sorted.records.push_back({.record = std::move(record)});
            sorted.places.push_back(i);
        } catch (const Error& error) {
            entry = failed(std::move(entry), error, caller.language);
            ++sorted.result.failed;
        }
        sorted.result.results.push_back(std::move(entry));
    }
    return sorted;
}

audit::Entry entry_of(const Caller& caller, std::size_t created, std::size_t duplicates, std::int64_t first_id) {
    return {.action = "activity_created",
            .message = std::format("{} activities recorded", created),
            .user_id = caller.user_id,
            .resource_type = "activity",
            .resource_id = first_id,
            .details = std::format(R"({{"created":{},"duplicates":{}}})", created, duplicates)};
}

/// The ids of a row.
std::vector<std::string_view> ids_of(const NewRecord& stored) {
    std::vector<std::string_view> ids;
    for (const auto* id : {&stored.record.client_id, &stored.content_id}) {
        if (*id) ids.emplace_back(**id);
    }
    return ids;
}

} // namespace

db::Task<std::vector<Service::Stored>> Service::store(db::Transaction& tx, Caller caller, Origin origin,
                                                      const std::vector<NewRecord>& records) {
    std::vector<Stored> stored(records.size());
    std::vector<std::string> ids;
    for (const auto& record : records) {
        for (const auto id : ids_of(record)) ids.emplace_back(id);
    }
    const auto known = co_await repository::find_client_ids(tx, caller.user_id, std::move(ids));
    std::vector<Record> fresh;
    std::vector<std::size_t> places;
    std::map<std::string_view, std::size_t> first_of;           // within this batch
    std::vector<std::pair<std::size_t, std::size_t>> repeated;  // and the rows that they repeat
    std::vector<std::pair<std::string_view, std::size_t>> uses; // ids, and the new rows that they belong to
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto own = ids_of(records[i]);
        if (const auto id = std::ranges::find_if(own, [&](auto one) { return known.contains(one); }); id != own.end()) {
            stored[i].id = known.find(*id)->second;
        } else if (const auto same = std::ranges::find_if(own, [&](auto one) { return first_of.contains(one); }); same != own.end()) {
            repeated.emplace_back(i, first_of.at(*same));
        } else {
            for (const auto one : own) {
                first_of.emplace(one, i);
                uses.emplace_back(one, fresh.size());
            }
            fresh.push_back(records[i].record);
            places.push_back(i);
        }
    }
    if (!fresh.empty()) {
        co_await repository::insert_all(tx, fresh);
        std::vector<repository::ClientIdUse> used;
        used.reserve(uses.size());
        for (const auto& [id, index] : uses) used.push_back({caller.user_id, std::string{id}, fresh[index].id});
        if (!co_await repository::use_client_ids(tx, std::move(used))) throw ClientIdTaken{};
        for (std::size_t i = 0; i < fresh.size(); ++i) stored[places[i]] = {.created = true, .id = fresh[i].id};
        audit::record(tx, origin, entry_of(caller, fresh.size(), records.size() - fresh.size(), fresh.front().id),
                      fresh.front().created_at.ms);
        Recorded recorded{caller, origin, clock_.now_ms(), {}};
        recorded.changes.reserve(fresh.size());
        for (auto& record : fresh) recorded.changes.push_back({std::nullopt, std::move(record)});
        try {
            co_await apply(tx, recorded);
        } catch (TooManyApps& refused) { // by their places in the whole batch
            for (auto& place : refused.places) place = places[place];
            throw;
        }
    }
    for (const auto& [place, first] : repeated) stored[place].id = stored[first].id;
    co_return stored;
}

db::Task<std::vector<Service::Stored>> Service::store_records(Caller caller, Origin origin, std::vector<NewRecord> records,
                                                              std::function<void(db::Transaction&, const std::vector<Stored>&)> then) {
    std::vector<Stored> all(records.size());
    std::vector<std::size_t> places(records.size()); // places in the whole batch of the rows left to store
    std::iota(places.begin(), places.end(), std::size_t{0});
    for (int attempt = 1;;) {
        try {
            co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
                const auto stored = co_await store(tx, caller, origin, records);
                for (std::size_t i = 0; i < stored.size(); ++i) all[places[i]] = stored[i];
                if (then) then(tx, all);
            });
            co_return all;
        } catch (const ClientIdTaken&) { // the next attempt finds it
            if (attempt++ == k_max_attempts) throw unavailable("client ids were taken again and again");
        } catch (const TooManyApps& refused) { // again without them
            for (const auto place : refused.places) all[places[place]] = {.created = false, .id = 0, .refused = true};
            std::erase_if(places, [&](std::size_t place) { return all[place].refused; });
            std::vector<NewRecord> left;
            std::size_t at = 0;
            for (std::size_t i = 0; i < records.size(); ++i) {
                if (at < refused.places.size() && refused.places[at] == i)
                    ++at;
                else
                    left.push_back(std::move(records[i]));
            }
            records = std::move(left);
        }
    }
}

db::Task<BatchResult> Service::create_batch(Caller caller, Origin origin, NewBatch batch) {
    const auto now = clock_.now_ms();
    auto sorted = sort_out(caller, std::move(batch.activities.items), now);
    BatchResult result;
    co_await store_records(caller, origin, std::move(sorted.records), [&](db::Transaction& tx, const std::vector<Stored>& stored) {
        result = sorted.result;
        for (std::size_t i = 0; i < stored.size(); ++i) {
            auto& item = result.results[sorted.places[i]];
            if (stored[i].refused) {
                item = failed(std::move(item), TooManyApps{}, caller.language);
                ++result.failed;
                continue;
            }
            item.status = stored[i].created ? ItemStatus::created : ItemStatus::duplicate;
            item.id = stored[i].id;
            ++(stored[i].created ? result.created : result.duplicates);
        }
        idempotency::keep(tx, origin, result, now, 200);
    });
    co_return result;
}

} // namespace focus::activities
