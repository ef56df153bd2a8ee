# One static library a layer: sources src/<layer>/*.cpp and one folder below, headers include/bafe/<layer>/.
add_library(bafe_flags INTERFACE)
target_compile_options(bafe_flags INTERFACE -Wall -Wextra)
if(BAFE_SANITIZE)
  target_compile_options(bafe_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -g)
  target_link_options(bafe_flags INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # gcc 12 guesses wrongly about std::variant here
    target_compile_options(bafe_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(BAFE_FUZZERS)  # coverage for libFuzzer; its main is linked to its programs only
  target_compile_options(bafe_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
# With BAFE_TSAN, ThreadSanitizer watches the layers whose objects several threads share. The others
# run on one thread at a time, and compiled as always they come from the compiler cache.
option(BAFE_TSAN "Build the layers that threads share with ThreadSanitizer" OFF)
set(BAFE_SHARED_LAYERS base runtime)
if(BAFE_TSAN)
  add_link_options(-fsanitize=thread)
endif()

function(bafe_layer name)
  cmake_parse_arguments(ARG "" "" "USES;THIRD_PARTY" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp
       ${PROJECT_SOURCE_DIR}/src/${name}/*/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_main\\.cpp$")  # programs: cmake/programs.cmake
  list(FILTER sources EXCLUDE REGEX "/prebuil[dt]_[a-z]*\\.cpp$")  # tier 0: cmake/prebuilt.cmake
  if(sources)
    add_library(bafe_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(bafe_${name} PRIVATE bafe_flags)
    if(BAFE_TSAN AND name IN_LIST BAFE_SHARED_LAYERS)
      target_compile_options(bafe_${name} PRIVATE -fsanitize=thread -g1)
    endif()
  else()
    add_library(bafe_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(bafe_${name} ${scope} ${PROJECT_SOURCE_DIR}/include)
  list(TRANSFORM ARG_USES PREPEND bafe_)
  target_link_libraries(bafe_${name} ${scope} ${ARG_USES} ${ARG_THIRD_PARTY})
endfunction()
