// The result of a recount of the roll-ups: per table how many keys differed, and a few of them as examples.
// Always holds: a table that was compared is in the report, also when nothing differed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace focus::recount {

/// Whether differences are also repaired.
enum class Mode { look, repair };

/// One table (or counter) that holds sums.
struct Finding {
    std::string table;
    std::int64_t keys = 0; // that differed
    std::vector<std::string> examples;
};

inline constexpr std::size_t k_most_examples = 3;

class Report {
  public:
    /// The table was compared.
    void looked_at(std::string_view table) { finding(table); }
    /// `key` has the value `stored`, its rows add up to `counted`.
    void differs(std::string_view table, std::string key, std::string_view stored, std::string_view counted);
    void differs(std::string_view table, std::string key, std::int64_t stored, std::int64_t counted) {
        differs(table, std::move(key), std::to_string(stored), std::to_string(counted));
    }
    /// Further keys that differ, without an example.
    void add_keys(std::string_view table, std::int64_t keys) { finding(table).keys += keys; }

    [[nodiscard]] const std::vector<Finding>& findings() const noexcept { return findings_; }
    [[nodiscard]] std::int64_t keys() const noexcept;
    /// Adds the results of another report.
    void merge(const Report& other);

  private:
    Finding& finding(std::string_view table);

    std::vector<Finding> findings_; // in the order in which the tables were compared
};

} // namespace focus::recount
