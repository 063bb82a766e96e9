// Readers of usage files: our own exports (CSV and JSON), other CSV files, and ActivityWatch's export. Without I/O.
// A file gives its activities one by one; the faults of one do not affect the others.
#pragma once

#include "core/base/days.hpp"
#include "core/base/error.hpp"
#include "features/activities/types.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::activities {

/// One activity of a file.
struct ImportEntry {
    std::int64_t line = 0; // in CSV the line, in JSON the number of the activity (of the event), from 1
    NewActivity activity;
    std::vector<Fault> faults;              // not empty: it can't be stored
    std::optional<std::string> client_id{}; // under which its origin stored it
    // In our own exports, the row that it was.
    std::int64_t id = 0;
    EpochMs created_at_ms = 0;
};

class ImportSource {
  public:
    ImportSource() = default;
    ImportSource(const ImportSource&) = delete;
    ImportSource& operator=(const ImportSource&) = delete;
    virtual ~ImportSource() = default;

    /// The next activity; nothing at the end of the file.
    [[nodiscard]] virtual std::optional<ImportEntry> next() = 0;
    [[nodiscard]] virtual ImportFormat format() const noexcept = 0;
    /// How much of the file has been read, 0 to 1.
    [[nodiscard]] virtual double progress() const noexcept = 0;
};

/// Detects the format of the file. `file` must outlive the source. `zone` is that of times without an offset.
/// Throws 422 `unknown_format` for a file of another format, 422 for invalid JSON.
[[nodiscard]] std::unique_ptr<ImportSource> open_import(std::string_view file, Zone zone);

[[nodiscard]] std::unique_ptr<ImportSource> open_csv(std::string_view file, Zone zone);
[[nodiscard]] std::unique_ptr<ImportSource> open_json(std::string_view file);

/// An id computed from the activity's content, so that a repeated import of the file adds nothing. `number`
/// distinguishes equal activities of a file.
[[nodiscard]] std::string content_id(const ImportEntry& entry, int number);

} // namespace focus::activities
