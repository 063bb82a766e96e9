// The command line: `focus serve`, `migrate`, `admin create`, … Each command describes itself with --help.
#pragma once

namespace focus::app {

/// Runs the command that argv names; returns the exit status (0 done, 1 failed, 2 wrong usage or settings).
int run_command(int argc, char** argv);

} // namespace focus::app
