// The report of a move: rows read and moved per table, and each row that was left out or changed, with the reason.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace focus::app::fastapi {

struct TableCount {
    std::string table;
    std::int64_t read = 0;
    std::int64_t moved = 0;
};
/// A row of the source that was left out or changed, and why.
struct Remark {
    std::string table;
    std::int64_t id = 0;
    std::string reason;
    bool is_left_out = true;
};

/// Remarks beyond this many are only counted, so that memory stays bounded.
inline constexpr std::size_t k_most_remarks = 100'000;

class MoveReport {
  public:
    void read(std::string_view table, std::int64_t rows) { count(table).read += rows; }
    void moved(std::string_view table, std::int64_t rows) { count(table).moved += rows; }
    void leave_out(std::string_view table, std::int64_t id, std::string reason);
    void change(std::string_view table, std::int64_t id, std::string reason);

    [[nodiscard]] bool is_complete() const noexcept { return left_out_ == 0; }
    [[nodiscard]] std::int64_t rows_read() const noexcept;
    [[nodiscard]] std::string text() const;

  private:
    TableCount& count(std::string_view table);
    void add(Remark remark);

    std::vector<TableCount> counts_;
    std::vector<Remark> remarks_;
    std::int64_t left_out_ = 0;
    std::int64_t not_listed_ = 0;
};

} // namespace focus::app::fastapi
