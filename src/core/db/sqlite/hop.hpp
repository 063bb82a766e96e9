// A batch of statements for one of the database threads: the commands, their results, and the coroutine to resume.
// Always holds: a Hop lives in the frame of the coroutine that waits for it, and is used by one thread at a time.
#pragma once

#include "core/async/completion.hpp"
#include "core/db/database.hpp"

#include <exception>

namespace focus::db::sqlite {

class Connection;

struct Hop {
    std::vector<Command> commands;
    bool then_commit = false; // the last hop of a transaction

    std::vector<Result> results; // of the commands that succeeded
    std::exception_ptr error;    // of the one that didn't, or of the commit
    bool restart = false;        // with `error`: everything was undone and may run again
    bool outage = false;         // with `error`: the connection should be reopened

    async::Completion<> done; // resumes the coroutine

    /// Runs the commands up to the first that fails; false when one did.
    bool run_on(Connection& connection);
    void fail(std::exception_ptr why, bool may_restart = false);
};

} // namespace focus::db::sqlite
