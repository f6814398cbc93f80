// The command line program.
#include "cli/app.h"

int main(int argc, char** argv) { return rocmforge::cli::run_program(argc, argv); }
