# Compiles through ccache where it is installed and nothing else was asked for. Looked for once in the life of a build
# folder: a ccache that appears later would change every command line and so rebuild everything.
if(NOT DEFINED CCACHE_PROGRAM)
  find_program(CCACHE_PROGRAM ccache)
endif()
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
