// The command line program.
#include <csignal>

#include "cli/app.h"

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grows beyond a limit is an error with a name, as on a full disk
  return rocmforge::cli::run_program(argc, argv);
}
