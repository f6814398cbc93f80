# Compiles through ccache if it is installed and no other launcher is set. It is looked for only when a build folder is
# created, because a ccache that appears later would change every command line and so rebuild everything.
if(NOT DEFINED CCACHE_PROGRAM)
  find_program(CCACHE_PROGRAM ccache)
endif()
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
