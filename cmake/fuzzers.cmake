# One libFuzzer program a reader of outside bytes: ./run fuzzers. Needs clang; the inputs it found
# are replayed by fuzzers_test with any compiler (cmake/tests.cmake).
set(fuzz_targets program_text program_json rule_text cache_entry stored_json small_text)
add_custom_target(fuzzers)
foreach(target ${fuzz_targets})
  add_executable(fuzz_${target} EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/fuzzers/fuzzer.cpp
    ${PROJECT_SOURCE_DIR}/tests/fuzzers/${target}.cpp)
  target_compile_definitions(fuzz_${target} PRIVATE BAFE_FUZZ_TARGET=${target})
  target_link_libraries(fuzz_${target} PRIVATE bafe_flags)
  target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers fuzz_${target})
endforeach()
# Each links the highest layer it reads for and no more, so that the lower ones are built first.
foreach(target program_text program_json)
  target_link_libraries(fuzz_${target} PRIVATE bafe_ir)
endforeach()
target_link_libraries(fuzz_rule_text PRIVATE bafe_rules)
target_link_libraries(fuzz_small_text PRIVATE bafe_codegen)
target_link_libraries(fuzz_stored_json PRIVATE bafe_search bafe_codegen)
target_link_libraries(fuzz_cache_entry PRIVATE bafe_runtime)
