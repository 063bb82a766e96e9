// The entry point: runs the command that the arguments name (see app/commands).
#include "app/commands.hpp"

int main(int argc, char** argv) { return focus::app::run_command(argc, argv); }
