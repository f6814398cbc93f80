# librocmforge.so with its headers, its CMake package and its pkg-config file. All paths in them are relative to the files
# themselves, so that an installed tree may be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(rocmforge_library SHARED "${PROJECT_SOURCE_DIR}/src/engine/c_api.cpp")
add_library(rocmforge::rocmforge ALIAS rocmforge_library)
set_target_properties(rocmforge_library PROPERTIES
  OUTPUT_NAME rocmforge EXPORT_NAME rocmforge
  VERSION "${PROJECT_VERSION}" SOVERSION "${PROJECT_VERSION_MAJOR}"
  LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}"
  LINK_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/librocmforge.map")
target_compile_features(rocmforge_library INTERFACE cxx_std_20)
target_include_directories(rocmforge_library INTERFACE
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_link_libraries(rocmforge_library PRIVATE rocmforge_engine)
# The map hides instantiations of standard library templates; our own symbols are hidden unless they are declared public.
# The library does not convert checkpoints, so it does not need the dependencies of the conversion.
target_link_options(rocmforge_library PRIVATE
  "-Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/librocmforge.map" -Wl,-Bsymbolic-functions -Wl,--as-needed)
if(NOT ROCMFORGE_SANITIZE)
  target_link_options(rocmforge_library PRIVATE -Wl,--no-undefined)
endif()

install(TARGETS rocmforge_library EXPORT rocmforge)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/rocmforge" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/rocmforge")
install(EXPORT rocmforge NAMESPACE rocmforge:: DESTINATION "${package_folder}" FILE rocmforge-config.cmake)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/rocmforge-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/rocmforge-config-version.cmake" DESTINATION "${package_folder}")

set(pkgconfig_folder "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH prefix_from_pkgconfig "/${pkgconfig_folder}" "/")
configure_file("${CMAKE_CURRENT_LIST_DIR}/rocmforge.pc.in" "${PROJECT_BINARY_DIR}/rocmforge.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/rocmforge.pc" DESTINATION "${pkgconfig_folder}")
