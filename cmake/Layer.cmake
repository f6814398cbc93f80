# rocmforge_unity(TARGET COUNT): compiles COUNT sources of a target at a time if ROCMFORGE_UNITY is set. Most of the time
# goes into headers, which the sources of a batch share. Sources that Highway compiles once per instruction set are left
# out, because each of them defines HWY_TARGET_INCLUDE.
function(rocmforge_unity target count)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    file(STRINGS "${source}" per_target REGEX "hwy/foreach_target.h" LIMIT_COUNT 1)
    if(per_target)
      set_source_files_properties("${source}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${ROCMFORGE_UNITY} UNITY_BUILD_BATCH_SIZE ${count})
endfunction()

# rocmforge_layer(NAME [USES LAYER...] [LIBRARIES LIB...]): a folder of src/ as a static library, rocmforge_NAME with '_' for '/'.
# Every .cpp in it belongs to it.
# The include path is src/, so that includes name their layer; tools/check_layers.py holds them against the design's table.
function(rocmforge_layer name)
  cmake_parse_arguments(ARG "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/c_api\\.cpp$")  # belongs only to the shared library
  list(TRANSFORM ARG_USES PREPEND rocmforge_)
  string(REPLACE / _ target "rocmforge_${name}")
  string(REPLACE / _ ARG_USES "${ARG_USES}")
  if(sources)
    add_library(${target} STATIC ${sources})
    rocmforge_unity(${target} 10)
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
  rocmforge_unity(test_${layer} 5)
  # Test code does little work, and -O1 compiles it in two thirds of the time. The code under test has the user's flags.
  target_compile_options(test_${layer} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_include_directories(test_${layer} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(test_${layer} PRIVATE ROCMFORGE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(test_${layer} PRIVATE rocmforge_options ${ARG_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  # Cases that read the reference data say so in their names.
  set(reference "*Conformance*:*Reference*")
  gtest_discover_tests(test_${layer} TEST_PREFIX "${layer}." TEST_FILTER "-${reference}" TEST_LIST ${layer}_tests
    NO_PRETTY_VALUES PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300 DISCOVERY_TIMEOUT 60)
  gtest_discover_tests(test_${layer} TEST_PREFIX "${layer}." TEST_FILTER "${reference}" TEST_LIST ${layer}_reference_tests NO_PRETTY_VALUES
    PROPERTIES LABELS conformance TIMEOUT 300 DISCOVERY_TIMEOUT 60)
endfunction()
