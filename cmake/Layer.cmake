# rocmforge_layer(NAME [USES LAYER...] [LIBRARIES LIB...]): a folder of src/ as a static library, rocmforge_NAME with '_' for '/'.
# Every .cpp in it belongs to it.
# The include path is src/, so that includes name their layer; tools/check_layers.py holds them against the design's table.
function(rocmforge_layer name)
  cmake_parse_arguments(ARG "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/c_api\\.cpp$")  # a part of the library alone
  list(TRANSFORM ARG_USES PREPEND rocmforge_)
  string(REPLACE / _ target "rocmforge_${name}")
  string(REPLACE / _ ARG_USES "${ARG_USES}")
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
  else()  # headers only
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${target} ${scope} rocmforge_options ${ARG_USES} ${ARG_LIBRARIES})
endfunction()

# rocmforge_tests(LAYER [LIBRARIES LIB...]): every *_test.cpp below tests/LAYER as one program, its cases known to CTest by name.
function(rocmforge_tests layer)
  cmake_parse_arguments(ARG "" "LABEL" "LIBRARIES" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${layer}/*_test.cpp")
  add_executable(test_${layer} ${sources})
  # What a test does itself is little, and compiles a third sooner so. What it tests is compiled as users have it.
  target_compile_options(test_${layer} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_include_directories(test_${layer} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(test_${layer} PRIVATE ROCMFORGE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(test_${layer} PRIVATE rocmforge_options ${ARG_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  # Cases that read the reference data say so in their names.
  set(reference "*Conformance*:*Reference*")
  gtest_discover_tests(test_${layer} TEST_PREFIX "${layer}." TEST_FILTER "-${reference}" TEST_LIST ${layer}_tests
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300 DISCOVERY_TIMEOUT 60)
  gtest_discover_tests(test_${layer} TEST_PREFIX "${layer}." TEST_FILTER "${reference}" TEST_LIST ${layer}_reference_tests
    PROPERTIES LABELS conformance TIMEOUT 300 DISCOVERY_TIMEOUT 60)
endfunction()
