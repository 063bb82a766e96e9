// Statements as text for the wire: each `?` of a statement replaced by its parameter, escaped by Boost.MySQL.
// Always holds: a parameter can never become syntax, whatever its bytes; text that isn't UTF-8 is refused.
#pragma once

#include "core/db/value.hpp"

#include <boost/mysql/format_sql.hpp>

#include <string>
#include <string_view>

namespace focus::db::mysql {

/// Collects the statements of one round trip.
class QueryText {
  public:
    explicit QueryText(boost::mysql::format_options options);

    /// Appends a constant statement without parameters.
    void add(std::string_view sql);
    /// Appends a command. Throws std::logic_error when its parameters don't fit its text.
    void add(const Command& command);
    /// The whole text. Throws std::invalid_argument when a parameter can't be written (no UTF-8, infinite).
    [[nodiscard]] std::string take();

  private:
    void separate();

    boost::mysql::format_context context_;
    bool empty_ = true;
};

/// Where the next parameter's `?` is, from `from` on, outside of quotes and comments; npos when there is none.
[[nodiscard]] std::size_t find_placeholder(std::string_view sql, std::size_t from);

} // namespace focus::db::mysql
