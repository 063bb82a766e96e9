#include "core/db/query.hpp"

namespace focus::db {

Task<void> Batch::run(Session& session) {
    if (commands_.empty()) co_return;
    const auto readers = std::exchange(readers_, {});
    const auto results = co_await session.run(std::exchange(commands_, {}));
    for (std::size_t i = 0; i < readers.size(); ++i) readers[i](results.at(i));
}

} // namespace focus::db
