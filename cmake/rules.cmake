# The rule files are part of the library: rules/*.rules and rules.lock become one generated C++ file.
file(GLOB rule_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/rules/*.rules ${PROJECT_SOURCE_DIR}/rules/rules.lock)
# What an operator or a condition means is said here; a proof holds as long as these say the same.
set(ir_sources ${PROJECT_SOURCE_DIR}/src/ir)
file(GLOB meaning_files CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/include/bafe/ir/ops.def ${PROJECT_SOURCE_DIR}/include/bafe/ir/scalar_prims.def
  ${PROJECT_SOURCE_DIR}/include/bafe/ir/meaning.h ${ir_sources}/*_element.cpp ${ir_sources}/*_elements.cpp
  ${ir_sources}/*_shapes.cpp ${ir_sources}/*_rules.cpp ${ir_sources}/attr_*.cpp)
list(SORT meaning_files)
set(embedded ${PROJECT_BINARY_DIR}/generated/builtin_rules.cpp)
add_custom_command(
  OUTPUT ${embedded}
  COMMAND ${CMAKE_COMMAND} -DDIR=${PROJECT_SOURCE_DIR}/rules -DOUT=${embedded} "-DMEANING=${meaning_files}"
          -P ${PROJECT_SOURCE_DIR}/cmake/embed_rules.cmake
  DEPENDS ${rule_files} ${meaning_files} ${PROJECT_SOURCE_DIR}/cmake/embed_rules.cmake
  COMMENT "Embedding rules/*.rules"
  VERBATIM)
target_sources(bafe_rules PRIVATE ${embedded})
target_include_directories(bafe_rules PRIVATE ${PROJECT_SOURCE_DIR}/src/rules)
