# bafe-smt: the child process around Z3. Not sanitized: Z3 itself is not built that way.
add_executable(bafe-smt ${PROJECT_SOURCE_DIR}/src/verify/smt_main.cpp)
target_include_directories(bafe-smt PRIVATE ${BAFE_Z3_INCLUDE})
target_link_libraries(bafe-smt PRIVATE ${BAFE_Z3_LIBRARY})
target_compile_options(bafe-smt PRIVATE -Wall -Wextra)
add_dependencies(bafe_verify bafe-smt)
