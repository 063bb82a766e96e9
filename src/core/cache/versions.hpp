// Versions: how often the data of a topic ("user:42") was changed, counted in the database by the transactions that
// change it. A cache keeps the version that was read before the data itself, and uses the data only
// while that is still the version: so a cache is right on every instance, whatever happens to messages, to Redis or to
// the process that wrote.
// Always holds: current() gives a version that was the committed one at a moment after the call; what is asked for at the
// same time on a thread costs one statement.
#pragma once

#include "core/db/database.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace focus::cache {

/// The data of `topic` is changed by this transaction. Costs no round trip. Call it last in a transaction: the
/// row is locked from here to the commit.
void changed(db::Transaction& tx, std::string_view topic);

class Versions {
  public:
    explicit Versions(db::Database& database);
    ~Versions();

    /// The version of a topic; of several, one that changes whenever one of theirs does. Throws as the database does.
    db::Task<std::int64_t> current(std::vector<std::string> topics);

  private:
    struct Lane;
    static db::Task<void> serve(std::shared_ptr<Lane> lane, db::Database& database);

    db::Database& db_;
    std::array<std::shared_ptr<Lane>, 16> lanes_; // by thread
};

} // namespace focus::cache
