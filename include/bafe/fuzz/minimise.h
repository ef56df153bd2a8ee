#pragma once
/// Smaller cases that are still wrong, by delta debugging over results, values, sizes, dtypes,
/// data and settings; and the script that shows one with the public API.

#include <string>

#include "bafe/fuzz/oracle.h"

namespace bafe {

struct SmallCase {
  FuzzCase one;
  Finding finding;  ///< of the small case; nothing when the given one is right
  int tries = 0;
};

/// Every try runs `check` (check_case where none is given) in a process of its own. Deterministic
/// for a deterministic mistake.
SmallCase minimise(const FuzzCase& one, int most_tries, const FuzzCheck& check = {});

/// A Python program of about ten lines that shows the difference through bafe.jit and ends with 1
/// while it is there.
std::string fuzz_script(const FuzzCase& one, const std::string& found);

}  // namespace bafe
