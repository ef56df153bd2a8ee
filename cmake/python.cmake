# The Python module bafe._core, the functions generated from the operator table, and what the wheel carries.
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module NumPy)
find_package(pybind11 CONFIG REQUIRED)

file(GLOB binding_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/python/bindings/*.cpp)
list(FILTER binding_sources EXCLUDE REGEX "generate_ops\\.cpp$")
pybind11_add_module(_core MODULE NO_EXTRAS ${binding_sources})  # no LTO: seconds of linking for nothing
target_link_libraries(_core PRIVATE bafe_runtime bafe_flags Python::NumPy)
target_compile_definitions(_core PRIVATE NPY_NO_DEPRECATED_API=NPY_1_22_API_VERSION NPY_TARGET_VERSION=NPY_1_22_API_VERSION
                                         BAFE_VERSION="${PROJECT_VERSION}")

# ops.py and ops.pyi are made from ops.def.
add_executable(bafe_generate_ops ${PROJECT_SOURCE_DIR}/python/bindings/generate_ops.cpp)
target_link_libraries(bafe_generate_ops PRIVATE bafe_ir bafe_flags)
set(generated_ops ${CMAKE_BINARY_DIR}/generated/ops.py ${CMAKE_BINARY_DIR}/generated/ops.pyi)
add_custom_command(
  OUTPUT ${generated_ops}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
  COMMAND bafe_generate_ops ${generated_ops}
  DEPENDS bafe_generate_ops
  VERBATIM)
add_custom_target(bafe_ops_py ALL DEPENDS ${generated_ops})

add_custom_target(bafe_wheel DEPENDS _core bafe_ops_py)
if(TARGET bafe-smt)
  add_dependencies(bafe_wheel bafe-smt)
endif()
add_dependencies(bafe_wheel bafe-check)

install(TARGETS _core LIBRARY DESTINATION bafe COMPONENT bafe)
if(TARGET bafe-smt)
  install(TARGETS bafe-smt RUNTIME DESTINATION bafe/bin COMPONENT bafe)
endif()
install(TARGETS bafe-check RUNTIME DESTINATION bafe/bin COMPONENT bafe)
install(FILES ${generated_ops} DESTINATION bafe COMPONENT bafe)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/rules DESTINATION bafe COMPONENT bafe
        FILES_MATCHING PATTERN "*.rules" PATTERN "README.md")
include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
