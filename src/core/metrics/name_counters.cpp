#include "core/metrics/name_counters.hpp"

#include <algorithm>
#include <utility>

namespace focus::metrics {

NameCounters::NameCounters(Registry& registry, std::string metric, std::string help, std::string label, std::size_t most)
    : registry_{registry}, metric_{std::move(metric)}, help_{std::move(help)}, label_{std::move(label)}, most_{most},
      other_{series(std::string{k_other})} {}

void NameCounters::add(std::string_view key, std::string_view shown, double by) {
    const std::lock_guard lock{mutex_}; // held while counting: prefer() may drop the series
    auto found = places_.find(key);
    if (found == places_.end()) {
        if (places_.size() >= most_ || key == k_other) return other_.add(by);
        std::string text{shown};
        const auto counter = series(text);
        found = places_.emplace(std::string{key}, Place{std::move(text), counter}).first;
    }
    found->second.counter.add(by);
}

void NameCounters::prefer(const std::vector<Name>& names) {
    const std::lock_guard lock{mutex_};
    const auto wanted = std::min(names.size(), most_);
    const auto is_wanted = [&](const std::string& key) {
        return std::ranges::contains(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(wanted), key, &Name::key);
    };
    std::vector<Name> fresh;
    for (std::size_t i = 0; i < wanted; ++i)
        if (names[i].key != k_other && !places_.contains(names[i].key)) fresh.push_back(names[i]);
    for (auto place = places_.begin(); place != places_.end() && places_.size() + fresh.size() > most_;) {
        if (is_wanted(place->first)) {
            ++place;
            continue;
        }
        registry_.drop_counter(metric_, help_, {{label_, place->second.shown}});
        place = places_.erase(place);
    }
    for (auto& name : fresh) {
        const auto counter = series(name.shown); // starts with 0, so that a rate includes its first use
        places_.emplace(std::move(name.key), Place{std::move(name.shown), counter});
    }
}

} // namespace focus::metrics
