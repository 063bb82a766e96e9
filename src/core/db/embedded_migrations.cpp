// Apart from migrate.cpp, so that only programs that embed their migrations need them.
#include "core/base/embedded.hpp"
#include "core/db/migrate.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace focus::db {

namespace {

/// "0007_users.sql" is number 7, name "users".
Migration from_file(const embedded::File& file) {
    int number = 0;
    const auto underscore = file.path.find('_');
    const auto [end, error] = std::from_chars(file.path.data(), file.path.data() + std::min(underscore, file.path.size()), number);
    if (underscore != 4 || error != std::errc{} || end != file.path.data() + 4 || number < 1 || !file.path.ends_with(".sql"))
        throw std::logic_error{"migration " + std::string{file.path} + " isn't named NNNN_name.sql"};
    return {number, file.path.substr(5, file.path.size() - 9), file.bytes};
}

std::vector<Migration> load(std::span<const embedded::File> files) {
    std::vector<Migration> migrations;
    for (const auto& file : files) migrations.push_back(from_file(file));
    std::ranges::sort(migrations, {}, &Migration::number);
    const auto twin = std::ranges::adjacent_find(migrations, {}, &Migration::number);
    if (twin != migrations.end()) throw std::logic_error{"two migrations have the number " + std::to_string(twin->number)};
    return migrations;
}

} // namespace

std::span<const Migration> embedded_migrations(Dialect dialect) {
    static const auto sqlite = load(embedded::migrations_sqlite());
    static const auto mysql = load(embedded::migrations_mysql());
    return dialect == Dialect::sqlite ? sqlite : mysql;
}

} // namespace focus::db
