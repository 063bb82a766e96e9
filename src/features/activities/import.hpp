// Reading files of usage: our own exports (CSV and JSON), other CSV files, and ActivityWatch's export. Without I/O.
// A file gives its activities one by one; what is wrong in one does not touch the others.
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
    std::optional<std::string> client_id{}; // that it was stored under where it comes from
    // In our own exports, which row it was.
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

/// Finds out what kind of file it is. `file` must outlive the source. `zone` is that of times without an offset.
/// Throws 422 `unknown_format` for a file of another kind, 422 for JSON that is broken.
[[nodiscard]] std::unique_ptr<ImportSource> open_import(std::string_view file, Zone zone);

[[nodiscard]] std::unique_ptr<ImportSource> open_csv(std::string_view file, Zone zone);
[[nodiscard]] std::unique_ptr<ImportSource> open_json(std::string_view file);

/// A name for the activity made of what it says, so that the same file imported again adds nothing. `number` tells
/// apart the equal ones of a file.
[[nodiscard]] std::string content_id(const ImportEntry& entry, int number);

} // namespace focus::activities
