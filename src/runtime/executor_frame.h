#pragma once
/// What one call of an executor holds, and a step with what runs it. Private to src/runtime.

#include <vector>

#include "bafe/runtime/executor.h"

namespace bafe {

struct Executor::Frame {
  Block arena;
  std::vector<void*> pointers;
};

struct Executor::Bound {
  KernelFn kernel = nullptr;
  LibraryRoutine routine = nullptr;  // set for library steps
  const Graph* body = nullptr;       // set where the interpreter takes the step
  bool has_nested = false;           // loops and branches
  std::size_t first = 0;             // of its pointers in a frame
  double ns = 0;
};

}  // namespace bafe
