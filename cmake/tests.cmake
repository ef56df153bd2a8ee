# One GoogleTest program a layer: tests/cpp/<layer>/*_test.cpp.
find_package(GTest REQUIRED)
include(GoogleTest)
foreach(layer base ir check rules egraph verify cost search codegen runtime fuzz)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/cpp/${layer}/*_test.cpp)
  if(sources)
    add_executable(${layer}_test ${sources})
    target_include_directories(${layer}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests/cpp)
    target_link_libraries(${layer}_test PRIVATE bafe_${layer} bafe_flags GTest::gmock GTest::gtest_main)
    target_compile_definitions(${layer}_test PRIVATE BAFE_TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    gtest_discover_tests(${layer}_test DISCOVERY_TIMEOUT 60)
  endif()
endforeach()

target_link_libraries(verify_test PRIVATE quadmath)  # lemmas in 113 bits
target_link_libraries(check_test PRIVATE bafe_search)  # whose certificates are checked

# Faults: a system call fails, a process dies, a compiler lies. ./run test takes a slice, ./run test
# faults takes every case.
add_library(bafe_tracer STATIC ${PROJECT_SOURCE_DIR}/tests/faults/tracer.c)
add_executable(quick_cc ${PROJECT_SOURCE_DIR}/tests/faults/quick_cc.c)
add_executable(memory_hog ${PROJECT_SOURCE_DIR}/tests/faults/hog.c)
target_compile_options(bafe_tracer PRIVATE -Wall -Wextra)
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/faults/*.cpp)
add_executable(faults_test ${sources})
target_include_directories(faults_test PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/tests/cpp)
target_link_libraries(faults_test PRIVATE bafe_runtime bafe_flags bafe_tracer GTest::gmock GTest::gtest_main)
target_compile_definitions(faults_test PRIVATE BAFE_QUICK_CC="$<TARGET_FILE:quick_cc>"
                           BAFE_HOG="$<TARGET_FILE:memory_hog>")
add_dependencies(faults_test quick_cc memory_hog)
gtest_discover_tests(faults_test DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)

# Readers of outside bytes with the inputs that fuzzers found. ./run fuzzers finds more.
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzzers/*.cpp)
list(FILTER sources EXCLUDE REGEX "/fuzzer\\.cpp$")
add_executable(fuzzers_test ${sources})
target_link_libraries(fuzzers_test PRIVATE bafe_runtime bafe_flags GTest::gmock GTest::gtest_main)
target_compile_definitions(fuzzers_test PRIVATE BAFE_TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
gtest_discover_tests(fuzzers_test DISCOVERY_TIMEOUT 60)

# The verifier itself: default rules made wrong, rules from elsewhere. ./run test takes a slice, ./run test
# mutants takes 1,500.
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/verifier/*.cpp)
add_executable(verifier_test ${sources})
target_include_directories(verifier_test PRIVATE ${PROJECT_SOURCE_DIR}/tests/cpp)
target_link_libraries(verifier_test PRIVATE bafe_verify bafe_flags GTest::gmock GTest::gtest_main)
target_compile_definitions(verifier_test PRIVATE BAFE_TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
gtest_discover_tests(verifier_test DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)

# Threads: ./run check builds this program with ThreadSanitizer (preset tsan).
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/threads/*_test.cpp)
add_executable(threads_test ${sources} ${PROJECT_SOURCE_DIR}/tests/cpp/base/thread_pool_test.cpp)
target_include_directories(threads_test PRIVATE ${PROJECT_SOURCE_DIR}/tests/cpp)
target_link_libraries(threads_test PRIVATE bafe_runtime bafe_flags GTest::gmock GTest::gtest_main)
if(BAFE_TSAN)
  target_compile_options(threads_test PRIVATE -fsanitize=thread -g1)
endif()
gtest_discover_tests(threads_test DISCOVERY_TIMEOUT 60 TEST_PREFIX threads.)

# All 2^32 arguments of the elementary functions: ./run test exhaustive.
add_executable(exhaustive EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/exhaustive/exhaustive.cpp)
target_include_directories(exhaustive PRIVATE ${PROJECT_SOURCE_DIR}/tests/cpp)
target_link_libraries(exhaustive PRIVATE bafe_runtime bafe_flags)
# References are vectors of glibc where it has them; only this machine runs the program.
set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/exhaustive/exhaustive.cpp PROPERTIES
  COMPILE_OPTIONS "-O3;-march=native;-fopenmp;-fno-math-errno;-fno-trapping-math")
target_link_options(exhaustive PRIVATE -fopenmp)
