// Activities as files: CSV by RFC 4180, safe to open in a spreadsheet, and JSON. open_import() reads both back.
#pragma once

#include "features/activities/types.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace focus::activities {

enum class ExportFormat { csv, json };

inline constexpr std::array<std::string_view, 13> k_csv_columns{
    "id",       "app_name",    "app_package", "app_category", "duration_minutes", "activity_date", "start_time",
    "end_time", "device_type", "session_id",  "created_at",   "updated_at",       "client_id"};
/// The columns of older exports.
inline constexpr std::size_t k_first_csv_columns = 12;

/// An activity as in the API, with its client_id.
void append_exported(std::string& out, const Record& record);

/// The text of a file in pieces.
class ExportWriter {
  public:
    explicit ExportWriter(ExportFormat format) : format_{format} {}

    void begin(std::string& out) const;
    void append(std::string& out, const std::vector<Record>& records);
    void end(std::string& out) const;

  private:
    ExportFormat format_;
    bool is_first_ = true;
};

} // namespace focus::activities
