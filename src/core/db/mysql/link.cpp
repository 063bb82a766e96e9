#include "core/db/mysql/link.hpp"

#include "core/db/sql_text.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/mysql/metadata_collection_view.hpp>
#include <boost/mysql/results.hpp>
#include <boost/mysql/resultset_view.hpp>
#include <boost/mysql/rows_view.hpp>

#include <algorithm>
#include <charconv>
#include <format>

namespace focus::db::mysql {

namespace {

namespace asio = boost::asio;
namespace bm = boost::mysql;

/// A page of a list in one read: the library's 1 KiB would take a dozen.
constexpr std::size_t k_read_buffer = std::size_t{16} << 10;
/// The memory of an answer with more rows is not kept for the next one.
constexpr std::size_t k_kept_rows = 100;

/// Only a Galera node has a cluster size above 0; MySQL does not have the variable.
constexpr Statement k_cluster{"setup.cluster", "SHOW STATUS LIKE 'wsrep_cluster_size'"};

bm::any_connection_params connection_params(asio::ssl::context* tls) {
    bm::any_connection_params params;
    params.ssl_context = tls;
    params.initial_buffer_size = k_read_buffer;
    return params;
}

/// The executor as the library's type-erased handlers hold it. That of an io_context itself, not as an any_io_executor, fits
/// in without memory of its own, which each step would allocate again.
asio::any_completion_executor for_handlers(const asio::any_io_executor& executor) {
    if (const auto* own = executor.target<asio::io_context::executor_type>()) return *own;
    return executor;
}

template <class Number>
Number parse_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) throw std::logic_error{"mysql: a number out of range"};
    return number;
}

/// SUM and AVG give DECIMAL, which is sent as text; callers expect only integers and reals.
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

/// An UPDATE's answer counts the rows that it changed; its info text begins "Rows matched: N".
std::uint64_t affected_rows(bm::resultset_view answer, const Command& command) {
    const auto info = answer.info();
    if (info.empty() || !starts_with_word(text_of(command, Dialect::mysql), "UPDATE")) return answer.affected_rows();
    const auto* first = std::find_if(info.data(), info.data() + info.size(), [](char c) { return c >= '0' && c <= '9'; });
    std::uint64_t matched = answer.affected_rows();
    std::from_chars(first, info.data() + info.size(), matched);
    return matched;
}

Result to_result(bm::resultset_view answer, const Command& command) {
    Result result;
    result.affected = affected_rows(answer, command);
    result.last_insert_id = static_cast<std::int64_t>(answer.last_insert_id());
    const auto about = answer.meta();
    const auto rows = answer.rows();
    result.rows.reserve(rows.size());
    for (const auto row : rows) {
        std::vector<Value> values;
        values.reserve(row.size());
        for (std::size_t i = 0; i < row.size(); ++i) values.push_back(to_value(row[i], about[i]));
        result.rows.emplace_back(std::move(values));
    }
    return result;
}

/// How many statements had given all their results when an execution failed. The library keeps this private; its public
/// way to it, reading statement by statement, needs a state machine of our own and more instructions for each answer.
std::size_t completed(const bm::results& answers) {
    const auto& state = bm::detail::access::get_impl(answers);
    return state.num_resultsets() - (state.is_reading_head() ? 0 : 1);
}

} // namespace

Link::Link(asio::any_io_executor executor, asio::ssl::context* tls)
    : executor_{for_handlers(executor)}, connection_{std::move(executor), connection_params(tls)} {}

bm::format_options Link::format_options() const { return connection_.format_opts().value(); }

void Link::cut_if_overdue(SteadyTime now) {
    if (now < deadline_ || overdue_) return; // what runs now; without an operation the deadline has no effect
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
    const std::vector<Command> cluster{Command::of(k_cluster)};
    std::vector<Result> results;
    auto failure =
        co_await exchange(std::format("{};\n{}", session_setup, k_cluster.sql.mysql), cluster, {.before = k_setup_statements}, results);
    if (failure) co_return failure;
    const auto& rows = results.front().rows;
    galera_ = !rows.empty() && rows.front().get<std::string>(1) != "0";
    co_return std::nullopt;
}

Task<bool> Link::ping() {
    const auto token = asio::bind_cancellation_slot(cut_.slot(), asio::as_tuple(asio::deferred));
    const auto [error] = co_await connection_.async_ping(diagnostics_, token);
    co_return !error;
}

Task<std::optional<Failure>> Link::exchange(std::string text, std::span<const Command> commands, Frame frame,
                                            std::vector<Result>& results) {
    const auto token = asio::bind_executor(executor_, asio::bind_cancellation_slot(cut_.slot(), asio::as_tuple(asio::deferred)));
    const auto [error] = co_await connection_.async_execute(std::string_view{text}, answers_, diagnostics_, token);
    if (error) {
        const auto at = completed(answers_);
        const bool is_command = at >= frame.before && at - frame.before < commands.size();
        auto failure = failed(error, is_command ? commands[at - frame.before].name : "transaction");
        failure.ran = std::clamp(at, frame.before, frame.before + commands.size()) - frame.before;
        co_return failure;
    }
    if (answers_.size() != frame.before + commands.size() + frame.after)
        throw std::logic_error{"mysql: a command was more than one statement"};
    results.reserve(results.size() + commands.size());
    std::size_t rows = 0;
    for (std::size_t i = 0; i < commands.size(); ++i) {
        results.push_back(to_result(answers_[frame.before + i], commands[i]));
        rows += results.back().rows.size();
    }
    if (rows > k_kept_rows) answers_ = {};
    co_return std::nullopt;
}

void Link::close(std::unique_ptr<Link> link) {
    auto& connection = link->connection_;
    connection.async_close([link = std::move(link)](const bm::error_code&) {});
}

} // namespace focus::db::mysql
