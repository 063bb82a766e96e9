// Lease: keeps a claim on a row for as long as work on it takes, and detects when it may have been lost. The owner of
// the table claims the row and defines how the claim is renewed.
// Always holds: a lease that is lost stays lost; the work must then stop, since another process may have the row.
#pragma once

#include "core/async/task_group.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace focus::async {

class Lease {
  public:
    /// Renews the claim in the database; gives false when another process has it.
    using Renew = std::function<Task<bool>()>;

    /// The claim was made just now, for `length`; it is renewed on `executor` three times in that time. `name` is for the log.
    Lease(const boost::asio::any_io_executor& executor, std::string name, std::chrono::milliseconds length, Renew renew);
    ~Lease();

    /// Another process has the row, or may have it: no renewal succeeded for `length`. Safe from any thread.
    [[nodiscard]] bool is_lost() const noexcept;
    /// Waits for a running renewal; none follows it.
    Task<> end();

  private:
    struct Claim;
    std::shared_ptr<Claim> claim_; // shared with the renewals
    TaskGroup renewals_;
};

} // namespace focus::async
