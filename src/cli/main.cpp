// The main function of the command-line program.
#include <csignal>

#include "cli/app.h"

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // writing beyond the file size limit then fails with EFBIG
  return rocmforge::cli::run_program(argc, argv);
}
