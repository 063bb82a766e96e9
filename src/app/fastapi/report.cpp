#include "app/fastapi/report.hpp"

#include <algorithm>
#include <format>
#include <utility>

namespace focus::app::fastapi {

void MoveReport::leave_out(std::string_view table, std::int64_t id, std::string reason) {
    ++left_out_;
    add({.table = std::string{table}, .id = id, .reason = std::move(reason), .is_left_out = true});
}

void MoveReport::change(std::string_view table, std::int64_t id, std::string reason) {
    add({.table = std::string{table}, .id = id, .reason = std::move(reason), .is_left_out = false});
}

void MoveReport::add(Remark remark) {
    if (remarks_.size() < k_most_remarks)
        remarks_.push_back(std::move(remark));
    else
        ++not_listed_;
}

std::int64_t MoveReport::rows_read() const noexcept {
    std::int64_t sum = 0;
    for (const auto& one : counts_) sum += one.read;
    return sum;
}

std::string MoveReport::text() const {
    std::string text = std::format("{:<24} {:>10} {:>10}\n", "table", "read", "moved");
    for (const auto& one : counts_) text += std::format("{:<24} {:>10} {:>10}\n", one.table, one.read, one.moved);
    for (const bool left_out : {true, false}) {
        if (std::ranges::find(remarks_, left_out, &Remark::is_left_out) == remarks_.end()) continue;
        text += left_out ? "\nnot moved:\n" : "\nmoved with a change:\n";
        for (const auto& remark : remarks_) {
            if (remark.is_left_out == left_out) text += std::format("{} {}: {}\n", remark.table, remark.id, remark.reason);
        }
    }
    if (not_listed_ > 0) text += std::format("and {} more\n", not_listed_);
    return text;
}

TableCount& MoveReport::count(std::string_view table) {
    const auto found = std::ranges::find(counts_, table, &TableCount::table);
    return found != counts_.end() ? *found : counts_.emplace_back(TableCount{.table = std::string{table}, .read = 0, .moved = 0});
}

} // namespace focus::app::fastapi
