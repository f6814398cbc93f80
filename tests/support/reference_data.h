// Finds the reference data, which is not part of the repository: beside it, or where the environment variable says.
// Tests that need it are skipped with a message if it is absent.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace rocmforge::testing {

inline std::filesystem::path shared_folder(const char* variable, const char* name) {
  const char* told = std::getenv(variable);
  return told != nullptr ? std::filesystem::path(told)
                         : std::filesystem::path(ROCMFORGE_SOURCE_DIR) / "../shared" / name;
}

inline std::filesystem::path conformance_folder() { return shared_folder("ROCMFORGE_CONFORMANCE", "conformance"); }
inline std::filesystem::path facts_folder() { return shared_folder("ROCMFORGE_FACTS", "facts"); }

}  // namespace rocmforge::testing
