#pragma once
/// The two kinds of Executable: a plan in execution, and the interpreter.

#include <memory>

#include "bafe/runtime/backend.h"
#include "bafe/runtime/cache.h"
#include "bafe/runtime/engine.h"

namespace bafe {

/// Axis order of an input's buffer by its layout name; "blocked" and "tc" arrive row-major and are
/// packed on entry.
std::vector<int> input_order(const InputInfo& input);

/// `threads` is what run() uses when it is given 0. Errors: those of Executor.
std::shared_ptr<const Executable> make_compiled(const Graph& traced, Plan plan,
                                                std::shared_ptr<const Module> module,
                                                Backend& backend, const ConstantTable& constants,
                                                int threads, Provenance provenance);
/// Evaluates the traced graph; all buffers row-major. `provenance.interpreted` becomes true.
std::shared_ptr<const Executable> make_interpreted(const Graph& traced,
                                                   const ConstantTable& constants,
                                                   Provenance provenance);

/// Provenance as a cache entry's fields, and back. False when the entry's report is damaged.
/// Premises and validation are the caller's to add.
CacheEntry entry_of(const Provenance& provenance, const Plan& plan, std::string code);
bool provenance_of(const CacheEntry& entry, Provenance& out);

}  // namespace bafe
