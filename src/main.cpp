// Everything is a command: see app/commands.
#include "app/commands.hpp"

int main(int argc, char** argv) { return focus::app::run_command(argc, argv); }
