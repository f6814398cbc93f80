# The flags of our own code, as one target that every layer and test links.
add_library(rocmforge_options INTERFACE)

target_compile_options(rocmforge_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  # Clang counts sign changes under -Wconversion and GCC does not; sizes and indices mix freely here.
  -Wno-sign-conversion
  # The vector code must give the same bits as the scalar code, so the compiler must not fuse products and sums.
  -ffp-contract=off
  # Nothing here reads errno of a mathematical function or the floating-point exception flags.
  -fno-math-errno -fno-trapping-math)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Warns of std::string's own copying (GCC bug 105329).
  target_compile_options(rocmforge_options INTERFACE -Wno-restrict)
endif()
if(ROCMFORGE_UNITY)
  # The sources of a batch are included by a generated one. GCC takes them for headers that use an anonymous namespace.
  target_compile_options(rocmforge_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(ROCMFORGE_WERROR)
  target_compile_options(rocmforge_options INTERFACE -Werror)
endif()
if(ROCMFORGE_SANITIZE)
  set(flags -fsanitize=${ROCMFORGE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_compile_options(rocmforge_options INTERFACE ${flags})
  target_link_options(rocmforge_options INTERFACE ${flags})
endif()

# Highway: AVX2, AVX-512, NEON and one plain lane; the tiers between add nothing for machines still in use, and vectors of unknown size (SVE)
# cannot be members or lie in arrays.
add_compile_definitions(HWY_DISABLED_TARGETS=\(HWY_SSSE3|HWY_SSE4|HWY_AVX3_DL|HWY_SVE|HWY_SVE2|HWY_SVE_256|HWY_SVE2_128\))
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  # What Highway compiles its NEON code for. Functions that the compiler makes itself, such as constructors, would otherwise be for less and
  # could not be inlined. No instruction of the extension is ever chosen by the compiler.
  add_compile_options(-march=armv8-a+crypto)
endif()
