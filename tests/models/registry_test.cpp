// Tests the registry of architectures: a user with an unsupported model must learn that, and which models are
// supported.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "models/registry.h"
#include "support/expect_error.h"
#include "support/random_model.h"

namespace rocmforge::models {
namespace {

Description describe_as(const std::string& architecture) {
  testing::RandomModel model = testing::random_model({});
  model.keys.set("general.architecture", architecture);
  return describe(testing::ModelFile(model).file());
}

TEST(Registry, NamesAnUnknownArchitectureAndTheNearest) {
  EXPECT_ERROR(describe_as("qwen33"), "random.gguf: architecture 'qwen33' is not one that this version can run");
  EXPECT_ERROR(describe_as("qwen33"), "did you mean 'qwen3'? known are afmoe, apertus");
  EXPECT_ERROR(describe_as("zzzzzz"), "known are afmoe, apertus");
  EXPECT_ERROR(describe_as(std::string("a\x1b[31m\nb")), "'a\\x1b[31m\\nb'");
}

TEST(Registry, IsInOrderAndHasTitles) {
  EXPECT_TRUE(std::ranges::is_sorted(architectures(), {}, &Architecture::name));
  for (const Architecture& architecture : architectures()) EXPECT_FALSE(architecture.title.empty());
}

// Returns the names in the README's table of models.
std::set<std::string> listed_in_readme() {
  std::ifstream readme(std::filesystem::path(ROCMFORGE_SOURCE_DIR) / "README.md");
  std::set<std::string> names;
  bool is_in_section = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("## ")) is_in_section = line == "## Models";
    if (!is_in_section || !line.starts_with("| ")) continue;
    for (std::size_t at = line.find('`'); at != std::string::npos;) {
      const std::size_t end = line.find('`', at + 1);
      names.insert(line.substr(at + 1, end - at - 1));
      at = line.find('`', end + 1);
    }
  }
  return names;
}

TEST(Registry, IsWhatTheReadmeLists) {
  std::set<std::string> names;
  for (const Architecture& architecture : architectures()) names.emplace(architecture.name);
  EXPECT_EQ(listed_in_readme(), names);
}

}  // namespace
}  // namespace rocmforge::models
