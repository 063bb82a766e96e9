#include "app/suggestion.hpp"

#include <algorithm>

namespace focus::app {

namespace {

constexpr std::size_t k_most_changes = 2;

/// The number of letters to change, remove, add or swap with an adjacent one (restricted edit distance).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + changed});
            const bool is_swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (is_swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

} // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& names) {
    std::optional<std::string> best;
    std::size_t fewest = k_most_changes + 1;
    for (const auto& name : names) {
        const auto changes = !word.empty() && name.starts_with(word) ? 0 : distance(word, name);
        if (changes < fewest && changes < name.size()) {
            fewest = changes;
            best = name;
        }
    }
    return best;
}

} // namespace focus::app
