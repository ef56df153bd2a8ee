// libFuzzer's entry to the one target that BAFE_FUZZ_TARGET names. An exception that leaves the
// target ends the process, which libFuzzer reports with the input.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    bafe::fuzz::BAFE_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "uncaught: %s\n", error.what());
    throw;
  }
  return 0;
}
