# One libFuzzer program a reader of outside bytes: ./run fuzzers. Needs clang; the inputs it found
# are replayed by fuzzers_test with any compiler (cmake/tests.cmake).
set(fuzz_targets program_text program_json rule_text rule_lock certificate cache_entry stored_json small_text)
add_custom_target(fuzzers)
foreach(target ${fuzz_targets})
  add_executable(fuzz_${target} EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/fuzzers/fuzzer.cpp
    ${PROJECT_SOURCE_DIR}/tests/fuzzers/${target}.cpp)
  target_compile_definitions(fuzz_${target} PRIVATE BAFE_FUZZ_TARGET=${target})
  target_link_libraries(fuzz_${target} PRIVATE bafe_rules bafe_flags)
  target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers fuzz_${target})
endforeach()
target_link_libraries(fuzz_certificate PRIVATE bafe_check)

# Readers in the higher layers come with the sources they need: whole layers take long to build so.
function(bafe_fuzz_sources target)
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/src/)
  list(TRANSFORM ARGN APPEND .cpp)
  target_sources(fuzz_${target} PRIVATE ${ARGN})
endfunction()
bafe_fuzz_sources(cache_entry runtime/background runtime/cache runtime/cache_entry
  runtime/cache_folder runtime/cache_pack runtime/engine_key runtime/provenance
  runtime/private_folder codegen/plan_json cost/target)
bafe_fuzz_sources(stored_json codegen/plan_json search/egraph_json search/dag_extract
  search/dag_bound search/dag_greedy search/dag_kernel search/dag_reduce)
target_link_libraries(fuzz_stored_json PRIVATE bafe_cost)
bafe_fuzz_sources(small_text codegen/sized_text codegen/number_text cost/schedule)
