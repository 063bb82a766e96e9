#include "features/activities/export.hpp"

#include "core/base/csv.hpp"

namespace focus::activities {

namespace {

void append_csv_row(std::string& out, const Record& record) {
    const auto text = [&out](std::string_view value) {
        csv::append_text(out, value);
        out += ',';
    };
    const auto plain = [&out](std::string_view value) {
        out += value;
        out += ',';
    };
    const auto time = [](std::optional<EpochMs> ms) { return ms ? format_rfc3339(*ms) : std::string{}; };
    json::append_integer(out, record.id);
    out += ',';
    text(record.app_name);
    text(record.app_package);
    text(record.app_category);
    json::append_number(out, record.duration_minutes.minutes());
    out += ',';
    plain(record.activity_date.to_string());
    plain(time(record.start_ms));
    plain(time(record.end_ms));
    text(record.device_type.value_or(""));
    text(record.session_id.value_or(""));
    plain(format_rfc3339(record.created_at.ms));
    plain(format_rfc3339(record.updated_at.ms));
    csv::append_text(out, record.client_id.value_or(""));
    out += "\r\n";
}

} // namespace

void append_exported(std::string& out, const Record& record) {
    json::append(out, to_wire(record));
    out.back() = ',';
    out += "\"client_id\":";
    json::append(out, record.client_id);
    out += '}';
}

void ExportWriter::begin(std::string& out) const {
    if (format_ == ExportFormat::json) {
        out += "[";
        return;
    }
    for (const auto column : k_csv_columns) {
        if (column != k_csv_columns.front()) out += ',';
        out += column;
    }
    out += "\r\n";
}

void ExportWriter::append(std::string& out, const std::vector<Record>& records) {
    for (const auto& record : records) {
        if (format_ == ExportFormat::csv) {
            append_csv_row(out, record);
        } else {
            out += is_first_ ? "\n" : ",\n"; // one line each: easy to read and to compare
            append_exported(out, record);
        }
        is_first_ = false;
    }
}

void ExportWriter::end(std::string& out) const {
    if (format_ == ExportFormat::json) out += "\n]\n";
}

} // namespace focus::activities
