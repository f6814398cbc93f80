// Runs the program that checks a built rocmforge against all reference data.
#include <gtest/gtest.h>

#include "support/program.h"
#include "support/reference_data.h"

namespace rocmforge {
namespace {

TEST(Conformance, EveryFamily) {
  const std::filesystem::path data = testing::conformance_folder();
  if (!std::filesystem::exists(data / "run")) {
    GTEST_SKIP() << "no reference data in " << data << "; set ROCMFORGE_CONFORMANCE to its folder";
  }
  const testing::Answer answer = testing::Program({(data / "run").string(), ROCMFORGE_BINARY}).wait();
  EXPECT_EQ(answer.exit_code, 0) << answer.output << answer.errors;
}

}  // namespace
}  // namespace rocmforge
