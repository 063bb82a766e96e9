#include "core/db/mysql/link.hpp"

#include "core/db/sql_text.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/bind_immediate_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/mysql/execution_state.hpp>
#include <boost/mysql/metadata_collection_view.hpp>
#include <boost/mysql/rows_view.hpp>

#include <charconv>

namespace focus::db::mysql {

namespace {

namespace asio = boost::asio;
namespace bm = boost::mysql;

/// A page of a list in one read: the library's 1 KiB would take a dozen.
constexpr std::size_t k_read_buffer = std::size_t{16} << 10;

bm::any_connection_params connection_params() {
    bm::any_connection_params params;
    params.initial_buffer_size = k_read_buffer;
    return params;
}

/// The executor as the library's type-erased handlers hold it. That of an io_context itself, not as an any_io_executor, fits
/// in without memory of its own, which each step would take anew.
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

/// Sends a text and reads what it gives, statement by statement. Steps whose bytes have come already follow each other in a
/// loop: awaiting each one would cost a turn of the event loop, and a transaction has a dozen of them.
class Link::Exchange {
    /// What each step ends with, at once where nothing had to be waited for.
    auto step() {
        auto arrive = [this](bm::error_code error, bm::rows_view rows = {}) {
            arrived_ = true;
            error_ = error;
            rows_ = rows;
            if (!advancing_) advance();
        };
        return asio::bind_executor(
            link_.executor_,
            asio::bind_cancellation_slot(link_.cut_.slot(), asio::bind_immediate_executor(asio::system_executor{}, std::move(arrive))));
    }

  public:
    Exchange(Link& link, std::span<const Command> commands, Frame frame, std::vector<Result>& results)
        : link_{link}, commands_{commands}, frame_{frame}, results_{results} {}

    /// Ends when all results are there or one statement has failed.
    Task<void> run(std::string_view text) {
        co_await asio::async_initiate<const asio::deferred_t&, void()>(
            [this, text](auto done) {
                done_ = std::move(done);
                starting_ = true;
                link_.connection_.async_start_execution(text, state_, link_.diagnostics_, step());
                starting_ = false;
                if (finished_) asio::post(link_.connection_.get_executor(), std::move(done_));
            },
            asio::deferred);
        if (defect_) std::rethrow_exception(defect_);
        if (!failure_ && index_ != frame_.before + commands_.size() + frame_.after)
            throw std::logic_error{"mysql: a command was more than one statement"};
    }
    [[nodiscard]] std::optional<Failure> take_failure() { return std::move(failure_); }

  private:
    void advance() {
        advancing_ = true;
        bool goes_on = true;
        while (goes_on && std::exchange(arrived_, false)) {
            try {
                goes_on = next();
            } catch (...) { // of a value that cannot be: the caller closes the connection
                defect_ = std::current_exception();
                goes_on = false;
            }
        }
        advancing_ = false;
        finished_ = !goes_on;
        // Not called within the start: who asks again and again, and is always answered at once, would go deeper and deeper
        // into the stack.
        if (finished_ && !starting_) std::move(done_)(); // which ends this object
    }

    /// Takes what has arrived and starts the next step; false when there is none.
    bool next() {
        if (error_) {
            failure_ = link_.failed(error_, name());
            failure_->at = index_;
            return false;
        }
        take_rows();
        if (state_.should_read_rows()) {
            link_.connection_.async_read_some_rows(state_, link_.diagnostics_, step());
            return true;
        }
        if (is_command()) {
            result_.affected = affected_rows(state_, command());
            result_.last_insert_id = static_cast<std::int64_t>(state_.last_insert_id());
            results_.push_back(std::exchange(result_, {}));
        }
        ++index_;
        if (state_.complete()) return false;
        link_.connection_.async_read_resultset_head(state_, link_.diagnostics_, step());
        return true;
    }

    void take_rows() {
        const auto about = state_.meta();
        for (const auto row : rows_) {
            std::vector<Value> values;
            values.reserve(row.size());
            for (std::size_t i = 0; i < row.size(); ++i) values.push_back(to_value(row[i], about[i]));
            result_.rows.emplace_back(std::move(values));
        }
        rows_ = {};
    }

    [[nodiscard]] bool is_command() const { return index_ >= frame_.before && index_ - frame_.before < commands_.size(); }
    [[nodiscard]] const Command& command() const { return commands_[index_ - frame_.before]; }
    [[nodiscard]] std::string_view name() const { return is_command() ? command().name : std::string_view{"transaction"}; }

    Link& link_;
    std::span<const Command> commands_;
    Frame frame_;
    std::vector<Result>& results_;
    bm::execution_state state_;
    asio::any_completion_handler<void()> done_;
    std::size_t index_ = 0; // of the statement whose results are read
    Result result_;         // so far
    bm::error_code error_;  // of the last step
    bm::rows_view rows_;    // of the last step
    bool arrived_ = false;
    bool advancing_ = false;
    bool starting_ = false;
    bool finished_ = false;
    std::optional<Failure> failure_;
    std::exception_ptr defect_;
};

Link::Link(asio::any_io_executor executor) : executor_{for_handlers(executor)}, connection_{std::move(executor), connection_params()} {}

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
    results.reserve(results.size() + commands.size());
    Exchange exchange{*this, commands, frame, results};
    co_await exchange.run(text);
    co_return exchange.take_failure();
}

void Link::close(std::unique_ptr<Link> link) {
    auto& connection = link->connection_;
    connection.async_close([link = std::move(link)](const bm::error_code&) {});
}

} // namespace focus::db::mysql
