#include "core/db/mysql/link.hpp"

#include "core/db/sql_text.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/mysql/execution_state.hpp>
#include <boost/mysql/metadata_collection_view.hpp>
#include <boost/mysql/rows_view.hpp>

#include <charconv>

namespace focus::db::mysql {

namespace {

namespace asio = boost::asio;
namespace bm = boost::mysql;

template <class Number>
Number parse_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) throw std::logic_error{"mysql: a number out of range"};
    return number;
}

/// SUM and AVG give DECIMAL, which travels as text; callers know only integers and reals.
Value decimal(std::string_view text, unsigned decimals) {
    if (decimals == 0) return Value{parse_number<std::int64_t>(text)};
    return Value{parse_number<double>(text)};
}

Value to_value(bm::field_view field, const bm::metadata& about) {
    switch (field.kind()) {
    case bm::field_kind::null:
        return Value{};
    case bm::field_kind::int64:
        return Value{field.get_int64()};
    case bm::field_kind::uint64: {
        const auto number = field.get_uint64();
        if (!std::in_range<std::int64_t>(number)) throw std::logic_error{"mysql: a number out of range"};
        return Value{static_cast<std::int64_t>(number)};
    }
    case bm::field_kind::float_:
        return Value{static_cast<double>(field.get_float())};
    case bm::field_kind::double_:
        return Value{field.get_double()};
    case bm::field_kind::string: {
        const auto text = field.get_string();
        if (about.type() == bm::column_type::decimal) return decimal({text.data(), text.size()}, about.decimals());
        return Value{std::in_place_type<std::string>, text.data(), text.size()};
    }
    case bm::field_kind::blob: {
        const auto bytes = field.get_blob();
        return Value{std::string(bytes.begin(), bytes.end())};
    }
    default:
        throw std::logic_error{"mysql: dates are stored as text or milliseconds, never as DATE"};
    }
}

/// An UPDATE's answer counts the rows that it changed; its remark begins "Rows matched: N".
std::uint64_t affected_rows(const bm::execution_state& state, const Command& command) {
    const auto info = state.info();
    if (info.empty() || !starts_with_word(text_of(command, Dialect::mysql), "UPDATE")) return state.affected_rows();
    const auto* first = std::find_if(info.data(), info.data() + info.size(), [](char c) { return c >= '0' && c <= '9'; });
    std::uint64_t matched = state.affected_rows();
    std::from_chars(first, info.data() + info.size(), matched);
    return matched;
}

} // namespace

Link::Link(asio::any_io_executor executor) : connection_{std::move(executor)} {}

bm::format_options Link::format_options() const { return connection_.format_opts().value(); }

void Link::cut_if_overdue(SteadyTime now) {
    if (now < deadline_ || overdue_) return; // what runs now; a deadline without a running operation does no harm
    overdue_ = true;
    cut_.emit(asio::cancellation_type::terminal);
}

Failure Link::failed(const bm::error_code& error, std::string_view doing) const {
    auto failure = make_failure(error, diagnostics_, doing);
    if (overdue_) {
        failure.trouble = Trouble::lost;
        failure.overdue = true;
        failure.unsent = false;
        failure.message = "mysql: " + std::string{doing} + ": no answer in time";
    }
    return failure;
}

Task<std::optional<Failure>> Link::connect(const bm::connect_params& params, std::string_view session_setup) {
    const auto token = asio::bind_cancellation_slot(cut_.slot(), asio::as_tuple(asio::deferred));
    const auto [error] = co_await connection_.async_connect(params, diagnostics_, token);
    if (error) co_return failed(error, "connect");
    std::vector<Result> none;
    auto failure = co_await exchange(std::string{session_setup}, {}, {.before = k_setup_statements}, none);
    co_return failure;
}

Task<bool> Link::ping() {
    const auto token = asio::bind_cancellation_slot(cut_.slot(), asio::as_tuple(asio::deferred));
    const auto [error] = co_await connection_.async_ping(diagnostics_, token);
    co_return !error;
}

Task<std::optional<Failure>> Link::exchange(std::string text, std::span<const Command> commands, Frame frame,
                                            std::vector<Result>& results) {
    const auto token = asio::bind_cancellation_slot(cut_.slot(), asio::as_tuple(asio::deferred));
    const auto name_of = [&](std::size_t index) {
        return index >= frame.before && index - frame.before < commands.size() ? commands[index - frame.before].name
                                                                               : std::string_view{"transaction"};
    };
    bm::execution_state state;
    std::size_t index = 0;
    auto [error] = co_await connection_.async_start_execution(std::string_view{text}, state, diagnostics_, token);
    for (;;) {
        Result result;
        while (!error && state.should_read_rows()) {
            auto [row_error, rows] = co_await connection_.async_read_some_rows(state, diagnostics_, token);
            error = row_error;
            const auto about = state.meta();
            for (const auto row : rows) {
                std::vector<Value> values;
                values.reserve(row.size());
                for (std::size_t i = 0; i < row.size(); ++i) values.push_back(to_value(row[i], about[i]));
                result.rows.emplace_back(std::move(values));
            }
        }
        if (error) {
            auto failure = failed(error, name_of(index));
            failure.at = index;
            co_return failure;
        }
        if (index >= frame.before && index - frame.before < commands.size()) {
            result.affected = affected_rows(state, commands[index - frame.before]);
            result.last_insert_id = static_cast<std::int64_t>(state.last_insert_id());
            results.push_back(std::move(result));
        }
        ++index;
        if (state.complete()) break;
        std::tie(error) = co_await connection_.async_read_resultset_head(state, diagnostics_, token);
    }
    if (index != frame.before + commands.size() + frame.after) throw std::logic_error{"mysql: a command was more than one statement"};
    co_return std::nullopt;
}

void Link::close(std::unique_ptr<Link> link) {
    auto& connection = link->connection_;
    connection.async_close([link = std::move(link)](const bm::error_code&) {});
}

} // namespace focus::db::mysql
