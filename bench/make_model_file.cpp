// make_model_file OUT.gguf [PARAMETERS] writes a file of random weights for experiments, with a billion parameters by
// default.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "make_model.h"

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: make_model_file OUT.gguf [PARAMETERS]\n");
    return 2;
  }
  try {
    const auto parameters =
        rocmforge::bench::make_model(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000'000);
    std::printf("%s: %llu parameters in F16\n", argv[1], static_cast<unsigned long long>(parameters));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
