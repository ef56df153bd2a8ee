# bafe-smt: the child process around Z3. Not sanitized: Z3 itself is not built that way.
add_executable(bafe-smt ${PROJECT_SOURCE_DIR}/src/verify/smt_main.cpp)
target_include_directories(bafe-smt PRIVATE ${BAFE_Z3_INCLUDE})
target_link_libraries(bafe-smt PRIVATE ${BAFE_Z3_LIBRARY})
target_compile_options(bafe-smt PRIVATE -Wall -Wextra)
add_dependencies(bafe_verify bafe-smt)

# bafe-check: replays certificates. It links ir and the texts of the rules, nothing that searches.
add_executable(bafe-check ${PROJECT_SOURCE_DIR}/src/check/check_main.cpp ${embedded})
target_include_directories(bafe-check PRIVATE ${PROJECT_SOURCE_DIR}/src/rules)
target_link_libraries(bafe-check PRIVATE bafe_check bafe_flags)

# bafe-fuzz: random programs against oracles. ./run fuzz.
add_executable(bafe-fuzz ${PROJECT_SOURCE_DIR}/src/fuzz/fuzz_main.cpp)
target_link_libraries(bafe-fuzz PRIVATE bafe_fuzz bafe_flags)
