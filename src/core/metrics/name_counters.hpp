// Counters labelled with a name that users choose, like an app's: a bounded number of names has a series each, all
// others share `other`, so that no client can add series without bound.
// Always holds: never more than `most` + 1 series; free places go to the first names, until prefer() sets the most used
// ones. The arguments of prefer() come from the database, so that a restart changes no label.
#pragma once

#include "core/metrics/metrics.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace focus::metrics {

/// The key that unites the spellings of a name, and the spelling that is shown.
struct Name {
    std::string key;
    std::string shown;
};

class NameCounters {
  public:
    static constexpr std::size_t k_most = 50;
    static constexpr std::string_view k_other = "other";

    NameCounters(Registry& registry, std::string metric, std::string help, std::string label, std::size_t most = k_most);

    /// May be called from any thread.
    void add(std::string_view key, std::string_view shown, double by = 1);
    /// From now on these have a series, the most used first; names that are replaced lose theirs.
    void prefer(const std::vector<Name>& names);

  private:
    Counter series(const std::string& shown) { return registry_.counter(metric_, help_, {{label_, shown}}); }

    struct Place {
        std::string shown;
        Counter counter;
    };
    Registry& registry_;
    std::string metric_;
    std::string help_;
    std::string label_;
    std::size_t most_;
    std::mutex mutex_;
    std::map<std::string, Place, std::less<>> places_; // by key
    Counter other_;
};

} // namespace focus::metrics
