#include "core/db/backup.hpp"

#include "core/db/sqlite/connection.hpp"
#include "core/db/url.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <format>
#include <memory>
#include <set>
#include <sqlite3.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace focus::db {

namespace {

namespace fs = std::filesystem;
using sqlite::SqliteError;
using namespace std::chrono_literals;

constexpr int k_pages_per_step = 1024;
constexpr auto k_pause = 10ms;
constexpr int k_busy_timeout_ms = 5000;

/// One database file, opened for being copied. Not a Connection: that one makes its file a WAL database.
class File {
  public:
    File(const std::string& path, int mode) : path_{path} {
        sqlite3* handle = nullptr;
        const int code = sqlite3_open_v2(path.c_str(), &handle, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
        handle_.reset(handle);
        if (code != SQLITE_OK) fail(code);
        sqlite3_busy_timeout(handle, k_busy_timeout_ms);
    }

    /// The first column of every row.
    std::vector<std::string> column(const std::string& sql) {
        sqlite3_stmt* made = nullptr;
        if (const int code = sqlite3_prepare_v2(get(), sql.c_str(), -1, &made, nullptr); code != SQLITE_OK) fail(code);
        const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement{made, sqlite3_finalize};
        std::vector<std::string> values;
        int code = SQLITE_ROW;
        while ((code = sqlite3_step(made)) == SQLITE_ROW) {
            const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(made, 0)); // NOLINT: SQLite's unsigned char
            values.emplace_back(text == nullptr ? "" : text);
        }
        if (code != SQLITE_DONE) fail(code);
        return values;
    }

    [[nodiscard]] sqlite3* get() const noexcept { return handle_.get(); }
    [[noreturn]] void fail(int code) const {
        throw SqliteError{code, path_ + ": " + (handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code))};
    }

  private:
    struct Close {
        void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
    };
    std::string path_;
    std::unique_ptr<sqlite3, Close> handle_;
};

/// Copies within one read transaction: what is written meanwhile is not in the copy and does not restart it.
void copy_pages(File& from, File& to, const CopyProgress& progress) {
    from.column("BEGIN");
    from.column("SELECT COUNT(*) FROM sqlite_master");
    const std::unique_ptr<sqlite3_backup, int (*)(sqlite3_backup*)> backup{sqlite3_backup_init(to.get(), "main", from.get(), "main"),
                                                                           sqlite3_backup_finish};
    if (!backup) to.fail(sqlite3_errcode(to.get()));
    for (int code = SQLITE_OK; code != SQLITE_DONE;) {
        code = sqlite3_backup_step(backup.get(), k_pages_per_step);
        if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
            std::this_thread::sleep_for(k_pause);
        else if (code != SQLITE_OK && code != SQLITE_DONE)
            to.fail(code);
        const int total = sqlite3_backup_pagecount(backup.get());
        if (total > 0) progress(1 - static_cast<double>(sqlite3_backup_remaining(backup.get())) / total);
    }
}

/// Throws unless the file is a whole database of ours; gives the numbers of its migrations.
std::set<int> checked_migrations(File& file, const std::string& path) {
    try {
        if (const auto faults = file.column("PRAGMA integrity_check(1)"); faults != std::vector<std::string>{"ok"})
            throw std::runtime_error{path + " is damaged: " + (faults.empty() ? "no answer" : faults.front())};
        if (file.column("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'").empty())
            throw std::runtime_error{path + " is not a database of Focus"};
        if (const auto orphans = file.column("PRAGMA foreign_key_check"); !orphans.empty())
            throw std::runtime_error{path + " is damaged: rows of " + orphans.front() + " without their parents"};
        std::set<int> numbers;
        for (const auto& number : file.column("SELECT number FROM schema_migrations")) numbers.insert(std::stoi(number));
        return numbers;
    } catch (const SqliteError& error) {
        throw std::runtime_error{path + " is not a whole database: " + error.what()};
    }
}

void sync(const fs::path& path, int flags) {
    const int file = ::open(path.c_str(), flags | O_CLOEXEC); // NOLINT(cppcoreguidelines-pro-type-vararg)
    const bool done = file >= 0 && ::fsync(file) == 0;
    const int why = errno;
    if (file >= 0) ::close(file);
    if (!done) throw std::runtime_error{std::format("{}: {}", path.string(), std::strerror(why))};
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path{"."}; }

/// A copy that is being made, under a name of its own; removed unless it is kept.
class PartialCopy {
  public:
    explicit PartialCopy(const std::string& target) : path_{target + ".part"} {
        fs::remove(path_);
        const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); // NOLINT(cppcoreguidelines-pro-type-vararg)
        if (file < 0) throw std::invalid_argument{std::format("cannot make {}: {}", path_, std::strerror(errno))};
        ::close(file);
    }
    PartialCopy(const PartialCopy&) = delete;
    PartialCopy& operator=(const PartialCopy&) = delete;
    ~PartialCopy() {
        std::error_code ignored;
        fs::remove(path_, ignored);
    }

    /// Fills the copy, checks it and syncs it to disk.
    CopyReport fill(File& from, const CopyProgress& progress) {
        CopyReport report;
        {
            File to{path_, SQLITE_OPEN_READWRITE};
            copy_pages(from, to, progress);
            to.column("PRAGMA journal_mode=DELETE"); // one file, whatever is written beside a WAL database
            report.migrations = static_cast<int>(checked_migrations(to, path_).size());
        }
        sync(path_, O_RDONLY);
        report.bytes = static_cast<std::int64_t>(fs::file_size(path_));
        return report;
    }
    void keep_as(const fs::path& target) {
        fs::rename(path_, target);
        sync(folder_of(target), O_RDONLY | O_DIRECTORY);
    }

  private:
    std::string path_;
};

std::string sqlite_path(const std::string& url, const char* other) {
    const auto parsed = parse_url(url);
    if (const auto* file = std::get_if<SqliteUrl>(&parsed)) return file->path;
    throw std::invalid_argument{std::string{"this is for SQLite; a MySQL or MariaDB database is "} + other +
                                " (docs/operations.md, Backup and restore)"};
}

/// Keeps others from the database while it lives. Throws when a server has it open; a file that is no database any more is in
/// use by none.
std::unique_ptr<File> seize(const std::string& path) {
    try {
        auto file = std::make_unique<File>(path, SQLITE_OPEN_READWRITE);
        file->column("PRAGMA journal_mode=DELETE"); // refused while another process has it open
        file->column("BEGIN EXCLUSIVE");
        return file;
    } catch (const SqliteError& error) {
        if (error.is_busy()) throw std::invalid_argument{path + " is in use: stop the server first"};
        if (error.is_outage()) return nullptr;
        throw;
    }
}

/// Renames the database and the files that belong to it; gives its new name.
std::string set_aside(const std::string& path) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto aside = std::format("{}.before-restore-{:%Y%m%dT%H%M%SZ}", path, now);
    fs::rename(path, aside);
    for (const auto* suffix : {"-wal", "-shm", "-journal"}) {
        if (fs::exists(path + suffix)) fs::rename(path + suffix, aside + suffix);
    }
    return aside;
}

} // namespace

CopyReport back_up(const std::string& url, const std::string& file, const CopyProgress& progress) {
    const auto path = sqlite_path(url, "copied with mysqldump");
    if (!fs::exists(path)) throw std::invalid_argument{"there is no database " + path};
    if (fs::exists(file)) throw std::invalid_argument{file + " exists already"};
    File from{path, SQLITE_OPEN_READWRITE}; // reading a WAL database takes the right to write beside it
    PartialCopy copy{file};
    const auto report = copy.fill(from, progress);
    copy.keep_as(file);
    return report;
}

CopyReport restore(const std::string& url, const std::string& file, std::span<const Migration> known, const CopyProgress& progress) {
    const auto path = sqlite_path(url, "filled from a dump");
    if (!fs::exists(file)) throw std::invalid_argument{"there is no file " + file};
    File from{file, SQLITE_OPEN_READONLY};
    for (const int number : checked_migrations(from, file)) {
        if (std::ranges::find(known, number, &Migration::number) == known.end())
            throw std::runtime_error{std::format("{} was made by a newer version of Focus (migration {:04}): use that one", file, number)};
    }
    fs::create_directories(folder_of(path));
    const bool replaces = fs::exists(path);
    const auto held = replaces ? seize(path) : nullptr;
    PartialCopy copy{path};
    auto report = copy.fill(from, progress);
    if (replaces) report.replaced = set_aside(path);
    copy.keep_as(path);
    return report;
}

} // namespace focus::db
