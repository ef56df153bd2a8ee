# Headers, libraries and the CMake package for C++ users: find_package(bafe), target bafe::bafe.
include(CMakePackageConfigHelpers)
set(layers base ir check rules egraph verify cost search codegen prebuilt runtime)
set(package_dir bafe/lib/cmake/bafe)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/bafe DESTINATION bafe/include COMPONENT bafe)
foreach(layer ${layers})
  install(TARGETS bafe_${layer} ARCHIVE DESTINATION bafe/lib COMPONENT bafe)
endforeach()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/bafeConfig.cmake.in
  ${CMAKE_BINARY_DIR}/bafeConfig.cmake INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/bafeConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/bafeConfig.cmake ${CMAKE_BINARY_DIR}/bafeConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT bafe)
