# Stands in for the packages when only the layers up to the backends are built, for another kind of processor: their headers alone, and
# GoogleTest from the sources that Debian's package brings along.
foreach(target fmt::fmt spdlog::spdlog nlohmann_json::nlohmann_json hwy::hwy)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
endforeach()
target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
target_compile_definitions(spdlog::spdlog INTERFACE SPDLOG_FMT_EXTERNAL)

set(INSTALL_GTEST OFF)
add_subdirectory(/usr/src/googletest "${PROJECT_BINARY_DIR}/googletest" EXCLUDE_FROM_ALL)
