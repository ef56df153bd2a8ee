# Tier 0: bafe-prebuild runs our emitter once an ISA level; the C compiler makes one object of each.
# bafe_prebuilt holds them with their planner and drivers; bafe_codegen is below it and without it.
file(GLOB prebuild_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/codegen/prebuild_*.cpp)
add_executable(bafe-prebuild ${prebuild_sources})
target_link_libraries(bafe-prebuild PRIVATE bafe_codegen bafe_flags)

# The flags of generated kernels (compile_flags in src/runtime/toolchain.cpp).
set(prebuilt_flags -O2 -ftree-vectorize -fvect-cost-model=dynamic -fpeel-loops -std=gnu99
  -ffp-contract=off -fno-math-errno -fno-trapping-math -fwrapv -fno-strict-aliasing
  -fno-asynchronous-unwind-tables -fPIC -fvisibility=hidden -g0 -w)
set(prebuilt_levels plain)
set(prebuilt_plain_flags)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
  list(APPEND prebuilt_levels avx2 avx512)
  set(prebuilt_avx2_flags -mavx2 -mfma -mf16c -mbmi2)
  set(prebuilt_avx512_flags -mavx512f -mavx512vl -mavx512bw -mavx512dq -mavx2 -mfma -mf16c -mbmi2
    -mprefer-vector-width=512)
endif()

file(GLOB prebuilt_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/codegen/prebuilt_*.cpp)
add_library(bafe_prebuilt STATIC ${prebuilt_sources})
target_link_libraries(bafe_prebuilt PUBLIC bafe_codegen PRIVATE bafe_flags)
foreach(level ${prebuilt_levels})
  set(text ${PROJECT_BINARY_DIR}/generated/prebuilt_${level}.c)
  add_custom_command(OUTPUT ${text} COMMAND bafe-prebuild ${level} ${text} DEPENDS bafe-prebuild
    COMMENT "Emitting prebuilt kernels: ${level}")
  set_source_files_properties(${text} PROPERTIES
    COMPILE_OPTIONS "${prebuilt_flags};${prebuilt_${level}_flags}")
  target_sources(bafe_prebuilt PRIVATE ${text})
endforeach()
