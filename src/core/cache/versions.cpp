#include "core/cache/versions.hpp"

#include "core/async/completion.hpp"
#include "core/async/run.hpp"
#include "core/base/asker.hpp"
#include "core/db/query.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <list>
#include <numeric>
#include <thread>

namespace focus::cache {

namespace asio = boost::asio;

namespace {

constexpr db::Statement k_changed{
    "cache_versions.changed",
    db::Sql{"INSERT INTO cache_versions (topic, version) VALUES (?, 1) ON CONFLICT (topic) DO UPDATE SET version = version + 1",
            "INSERT INTO cache_versions (topic, version) VALUES (?, 1) ON DUPLICATE KEY UPDATE version = version + 1"}};
constexpr std::size_t k_most_topics = 200; // of a statement

struct Asking {
    std::vector<std::string> topics;
    async::Completion<std::int64_t> done;
};

using Found = std::unordered_map<std::string, std::int64_t>;

struct Row {
    std::string topic;
    std::int64_t version = 0;
};

db::Task<Found> read(db::Database& database, std::vector<db::Value> topics) {
    auto sql = "SELECT topic, version FROM cache_versions WHERE topic IN (" + db::places(topics.size()) + ")";
    auto rows = co_await database.get(db::composed<Row>("cache_versions.current", std::move(sql), std::move(topics)));
    Found found;
    for (auto& row : rows) found.emplace(std::move(row.topic), row.version);
    co_return found;
}

/// Versions only grow, so their sum changes when one of them does. A topic that was never changed has none yet.
std::int64_t sum(const Found& found, const std::vector<std::string>& topics) {
    return std::accumulate(topics.begin(), topics.end(), std::int64_t{0}, [&](std::int64_t total, const std::string& topic) {
        const auto at = found.find(topic);
        return at == found.end() ? total : total + at->second;
    });
}

} // namespace

void changed(db::Transaction& tx, std::string_view topic) { tx.defer(k_changed, topic); }

struct Versions::Lane {
    std::mutex mutex;
    std::list<Asking> waiting;
    bool busy = false;

    /// The callers of the next statement; none when no caller waits any more.
    std::list<Asking> take() {
        const std::scoped_lock lock{mutex};
        std::list<Asking> batch;
        std::size_t topics = 0;
        auto end = waiting.begin();
        for (; end != waiting.end() && topics < k_most_topics; ++end) topics += end->topics.size();
        batch.splice(batch.end(), waiting, waiting.begin(), end);
        busy = !batch.empty();
        return batch;
    }
};

Versions::Versions(db::Database& database) : db_{database} {
    for (auto& lane : lanes_) lane = std::make_shared<Lane>();
}

Versions::~Versions() = default;

db::Task<std::int64_t> Versions::current(std::vector<std::string> topics) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto lane = lanes_[std::hash<std::thread::id>{}(std::this_thread::get_id()) % lanes_.size()];
    co_return co_await async::suspend<std::int64_t>([&](async::Completion<std::int64_t> done) {
        {
            const std::scoped_lock lock{lane->mutex};
            lane->waiting.push_back({std::move(topics), std::move(done)});
            if (std::exchange(lane->busy, true)) return;
        }
        // Posted behind what is ready to run on this thread, since that may ask, too. For all of them, so for no single user.
        asio::post(executor, [lane, executor = on_behalf_of(k_service, executor), &database = db_] {
            async::spawn(executor, "versions of the cache: restart this server", serve(lane, database));
        });
    });
}

db::Task<void> Versions::serve(std::shared_ptr<Lane> lane, db::Database& database) {
    for (auto batch = lane->take(); !batch.empty(); batch = lane->take()) {
        std::vector<db::Value> topics;
        for (const auto& asking : batch) topics.insert(topics.end(), asking.topics.begin(), asking.topics.end());
        std::ranges::sort(topics);
        const auto doubles = std::ranges::unique(topics);
        topics.erase(doubles.begin(), doubles.end());
        Found found;
        std::exception_ptr failure;
        try {
            found = co_await read(database, std::move(topics));
        } catch (...) {
            failure = std::current_exception();
        }
        for (auto& asking : batch) {
            if (failure)
                asking.done.fail(failure);
            else
                asking.done.complete(sum(found, asking.topics));
        }
    }
}

} // namespace focus::cache
