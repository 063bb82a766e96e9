// One connection to the server: set up as we want it, its time limit, and the exchange of one text for its results.
// Used on one executor only. After a failure of kind `lost` it must not be used any more.
#pragma once

#include "core/base/asker.hpp"
#include "core/db/database.hpp"
#include "core/db/mysql/failure.hpp"

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/mysql/any_connection.hpp>
#include <boost/mysql/connect_params.hpp>
#include <boost/mysql/results.hpp>

#include <optional>
#include <span>

namespace focus::db::mysql {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What a session set-up consists of.
inline constexpr std::size_t k_setup_statements = 2;

/// How many statements of a round trip are ours alone: their results are dropped.
struct Frame {
    std::size_t before = 0; // START TRANSACTION
    std::size_t after = 0;  // COMMIT
};

class Link {
  public:
    /// `tls` is what TLS takes its certificates from; null: none is checked.
    explicit Link(boost::asio::any_io_executor executor, boost::asio::ssl::context* tls = nullptr);

    /// Connects and sets the session up; nothing when that worked.
    Task<std::optional<Failure>> connect(const boost::mysql::connect_params& params, std::string_view session_setup);
    /// True when the server answers.
    Task<bool> ping();
    /// Sends the text, made of frame.before statements, the commands and frame.after statements, and appends the results of
    /// the commands when all of it worked; then it gives nothing.
    Task<std::optional<Failure>> exchange(std::string text, std::span<const Command> commands, Frame frame, std::vector<Result>& results);
    /// Sends COM_QUIT and keeps itself alive for that long.
    static void close(std::unique_ptr<Link> link);

    [[nodiscard]] boost::mysql::format_options format_options() const;

    /// Operations that still run at the deadline are cut off by cut_if_overdue, which the owner must call regularly.
    void set_deadline(SteadyTime deadline) noexcept {
        deadline_ = deadline;
        overdue_ = false;
    }
    void cut_if_overdue(SteadyTime now);

    /// The server is a node of a Galera cluster, where an open transaction may be ended between two of its statements.
    [[nodiscard]] bool is_galera() const noexcept { return galera_; }

    SteadyTime connected_at;
    SteadyTime last_used;
    std::uint64_t era = 0;         // the pools' count of demoted servers when this one was connected
    Asker asker = k_service;       // the one that uses it, or used it last
    std::uint64_t seen_losses = 0; // the pool's count of lost connections when this one was last known to work

  private:
    Failure failed(const boost::mysql::error_code& error, std::string_view doing) const;

    boost::asio::any_completion_executor executor_; // what an exchange ends on
    boost::mysql::any_connection connection_;
    boost::mysql::results answers_; // of the exchange before, whose memory the next one takes
    boost::mysql::diagnostics diagnostics_;
    boost::asio::cancellation_signal cut_;
    SteadyTime deadline_ = SteadyTime::max();
    bool overdue_ = false;
    bool galera_ = false;
};

} // namespace focus::db::mysql
