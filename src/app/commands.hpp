// The command line: `focus serve`, `migrate`, `admin create`, … Each command says what it does with --help.
#pragma once

namespace focus::app {

/// Runs the command that argv names; gives the process' exit status (0 done, 1 failed, 2 wrong usage or settings).
int run_command(int argc, char** argv);

} // namespace focus::app
