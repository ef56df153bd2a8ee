# The rule files are part of the library: rules/*.rules become one generated C++ file.
file(GLOB rule_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/rules/*.rules)
set(embedded ${PROJECT_BINARY_DIR}/generated/builtin_rules.cpp)
add_custom_command(
  OUTPUT ${embedded}
  COMMAND ${CMAKE_COMMAND} -DDIR=${PROJECT_SOURCE_DIR}/rules -DOUT=${embedded}
          -P ${PROJECT_SOURCE_DIR}/cmake/embed_rules.cmake
  DEPENDS ${rule_files} ${PROJECT_SOURCE_DIR}/cmake/embed_rules.cmake
  COMMENT "Embedding rules/*.rules")
target_sources(bafe_rules PRIVATE ${embedded})
target_include_directories(bafe_rules PRIVATE ${PROJECT_SOURCE_DIR}/src/rules)
