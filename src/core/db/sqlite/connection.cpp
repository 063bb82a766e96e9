#include "core/db/sqlite/connection.hpp"

#include "core/db/sql_text.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace focus::db::sqlite {

namespace {

constexpr std::size_t k_statement_cache = 256;
constexpr int k_progress_steps = 2000; // some tens of microseconds between two reads of the clock

int primary(int code) noexcept { return code & 0xff; }

/// Makes the file so that no other user of the machine can read it; SQLite gives -wal and -shm the same mode.
/// Only ever creates: closing a descriptor of a database that is in use would drop this process' locks on it.
void create_private_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); // NOLINT(cppcoreguidelines-pro-type-vararg)
    if (file >= 0) ::close(file);
}

/// Resets on every way out, so that a failed statement doesn't stay open and hold its snapshot.
class ResetAfterUse {
  public:
    explicit ResetAfterUse(sqlite3_stmt* statement) : statement_{statement} {}
    ResetAfterUse(const ResetAfterUse&) = delete;
    ResetAfterUse& operator=(const ResetAfterUse&) = delete;
    ~ResetAfterUse() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }

  private:
    sqlite3_stmt* statement_;
};

int bind(sqlite3_stmt* statement, int index, const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(statement, index, *number);
    if (const auto* real = std::get_if<double>(&value)) return sqlite3_bind_double(statement, index, *real);
    if (const auto* text = std::get_if<std::string>(&value)) // the command outlives the run: no copy
        return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    return sqlite3_bind_null(statement, index);
}

Value column(sqlite3_stmt* statement, int index) {
    switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
        return Value{std::int64_t{sqlite3_column_int64(statement, index)}};
    case SQLITE_FLOAT:
        return Value{sqlite3_column_double(statement, index)};
    case SQLITE_NULL:
        return Value{};
    default: {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
        return Value{std::string(bytes == nullptr ? "" : bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, index)))};
    }
    }
}

} // namespace

bool SqliteError::is_busy() const noexcept { return primary(code_) == SQLITE_BUSY || primary(code_) == SQLITE_LOCKED; }
bool SqliteError::is_interrupt() const noexcept { return primary(code_) == SQLITE_INTERRUPT; }
bool SqliteError::is_constraint() const noexcept {
    return code_ == SQLITE_CONSTRAINT_UNIQUE || code_ == SQLITE_CONSTRAINT_PRIMARYKEY || code_ == SQLITE_CONSTRAINT_ROWID ||
           code_ == SQLITE_CONSTRAINT_FOREIGNKEY;
}
bool SqliteError::is_outage() const noexcept {
    switch (primary(code_)) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_NOMEM:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return true;
    default:
        return false;
    }
}

bool SqliteError::is_damage() const noexcept { return primary(code_) == SQLITE_CORRUPT || primary(code_) == SQLITE_NOTADB; }

std::exception_ptr public_error(const SqliteError& error) {
    if (error.is_constraint()) return std::make_exception_ptr(ConstraintError{error.what()});
    if (error.is_busy() || error.is_interrupt() || error.is_outage()) return std::make_exception_ptr(unavailable(error.what()));
    return std::make_exception_ptr(std::runtime_error{error.what()});
}

std::exception_ptr error_at_start(const SqliteError& error, const std::string& path) {
    const auto unusable = [&](Text message) {
        return std::make_exception_ptr(Error{k_unusable.saying(message), {{"file", path}}}.because(error.what()));
    };
    switch (primary(error.code())) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return unusable({"The database file {file} is damaged or is not an SQLite database: restore a backup.",
                         "Le fichier de base de données {file} est endommagé ou n'est pas une base SQLite : restaurez une sauvegarde."});
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return unusable({"The database file {file} cannot be opened for writing: check its folder, its owner and its disk.",
                         "Le fichier de base de données {file} ne peut pas être ouvert en écriture : vérifiez son dossier, son "
                         "propriétaire et son disque."});
    case SQLITE_FULL:
    case SQLITE_IOERR:
        return unusable({"The disk of the database file {file} is full or broken.",
                         "Le disque du fichier de base de données {file} est plein ou défectueux."});
    default:
        return public_error(error);
    }
}

void Connection::Close::operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
void Connection::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

Connection::Connection(const std::string& path, Access access, std::chrono::milliseconds busy_timeout, bool create) {
    if (create) create_private_file(path);
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    handle_.reset(handle);
    if (code != SQLITE_OK) fail(code, "open " + path);
    if (access == Access::read_write && sqlite3_db_readonly(handle, "main") == 1)
        throw SqliteError{SQLITE_READONLY, "sqlite: " + path + " may only be read"};
    configure(access, busy_timeout);
}

Connection::~Connection() = default;

void Connection::configure(Access access, std::chrono::milliseconds busy_timeout) {
    sqlite3_busy_timeout(handle_.get(), static_cast<int>(busy_timeout.count()));
    sqlite3_progress_handler(handle_.get(), k_progress_steps, &Connection::on_progress, this);
    // A text in double quotes is a mistyped name, not a string.
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);   // NOLINT(cppcoreguidelines-pro-type-vararg)
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);   // NOLINT(cppcoreguidelines-pro-type-vararg)
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr); // NOLINT(cppcoreguidelines-pro-type-vararg)
    const auto mode = run(Command::composed("sqlite.open", "PRAGMA journal_mode=WAL", {}));
    if (mode.rows.empty() || mode.rows.front().get<std::string_view>(0) != "wal")
        throw SqliteError{SQLITE_CANTOPEN, "sqlite: this file system can't hold a database in WAL mode"};
    execute("PRAGMA synchronous=FULL");
    execute("PRAGMA foreign_keys=ON");
    execute("PRAGMA secure_delete=FAST"); // what was deleted is overwritten where that costs no further page
    execute("PRAGMA temp_store=MEMORY");
    execute(access == Access::read_only ? "PRAGMA cache_size=-2000" : "PRAGMA cache_size=-4000");
    execute("PRAGMA journal_size_limit=67108864");
    if (access == Access::read_only) execute("PRAGMA query_only=ON");
}

int Connection::on_progress(void* self) noexcept {
    return std::chrono::steady_clock::now() >= static_cast<const Connection*>(self)->deadline_ ? 1 : 0;
}

void Connection::fail(int code, std::string_view doing) const {
    const char* why = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
    const SqliteError error{code, "sqlite: " + std::string{doing} + ": " + why + " (" + std::to_string(code) + ")"};
    if (damage_ != nullptr && error.is_damage()) damage_->report(error.what(), std::chrono::steady_clock::now());
    throw error;
}

bool Connection::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }

sqlite3_stmt* Connection::prepare(std::string_view sql) {
    if (const auto found = by_text_.find(sql); found != by_text_.end()) {
        recent_.splice(recent_.begin(), recent_, found->second);
        return recent_.front().statement.get();
    }
    sqlite3_stmt* made = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made, &rest);
    Prepared statement{made};
    if (code != SQLITE_OK) fail(code, "prepare");
    if (made == nullptr) throw std::logic_error{"sqlite: an empty statement"};
    const std::string_view tail{rest, static_cast<std::size_t>(sql.data() + sql.size() - rest)};
    if (tail.find_first_not_of(" \t\r\n;") != std::string_view::npos)
        throw std::logic_error{"sqlite: more than one statement in a command"};
    if (recent_.size() == k_statement_cache) {
        by_text_.erase(recent_.back().sql);
        recent_.pop_back();
    }
    recent_.push_front({std::string{sql}, std::move(statement)});
    by_text_.emplace(recent_.front().sql, recent_.begin());
    return made;
}

Result Connection::run(const Command& command) {
    sqlite3_stmt* statement = prepare(text_of(command, Dialect::sqlite));
    const ResetAfterUse reset{statement};
    if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) != command.params.size())
        throw std::logic_error{"sqlite: " + std::string{command.name} + " has another number of parameters than its text"};
    for (std::size_t i = 0; i < command.params.size(); ++i) {
        if (const int code = bind(statement, static_cast<int>(i) + 1, command.params[i]); code != SQLITE_OK) fail(code, command.name);
    }
    Result result;
    const auto changes_before = sqlite3_total_changes64(handle_.get());
    sqlite3_set_last_insert_rowid(handle_.get(), 0);
    const int columns = sqlite3_column_count(statement);
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        std::vector<Value> values;
        values.reserve(static_cast<std::size_t>(columns));
        for (int i = 0; i < columns; ++i) values.push_back(column(statement, i));
        result.rows.emplace_back(std::move(values));
    }
    if (code != SQLITE_DONE) fail(code, command.name);
    if (sqlite3_stmt_readonly(statement) == 0 && sqlite3_total_changes64(handle_.get()) != changes_before) {
        result.affected = static_cast<std::uint64_t>(sqlite3_changes64(handle_.get()));
        result.last_insert_id = sqlite3_last_insert_rowid(handle_.get());
    }
    return result;
}

void Connection::execute(std::string_view sql) {
    sqlite3_stmt* statement = prepare(sql);
    const ResetAfterUse reset{statement};
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    }
    if (code != SQLITE_DONE) fail(code, sql);
}

} // namespace focus::db::sqlite
