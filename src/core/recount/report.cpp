#include "core/recount/report.hpp"

#include <algorithm>
#include <format>

namespace focus::recount {

void Report::differs(std::string_view table, std::string key, std::string_view stored, std::string_view counted) {
    auto& found = finding(table);
    ++found.keys;
    if (found.examples.size() < k_most_examples) found.examples.push_back(std::format("{}: {} stored, {} counted", key, stored, counted));
}

std::int64_t Report::keys() const noexcept {
    std::int64_t sum = 0;
    for (const auto& found : findings_) sum += found.keys;
    return sum;
}

void Report::merge(const Report& other) {
    for (const auto& theirs : other.findings_) {
        auto& found = finding(theirs.table);
        found.keys += theirs.keys;
        for (const auto& example : theirs.examples) {
            if (found.examples.size() < k_most_examples) found.examples.push_back(example);
        }
    }
}

Finding& Report::finding(std::string_view table) {
    const auto found = std::ranges::find(findings_, table, &Finding::table);
    if (found != findings_.end()) return *found;
    return findings_.emplace_back(Finding{.table = std::string{table}, .keys = 0, .examples = {}});
}

} // namespace focus::recount
