#pragma once
/// Entries that another compiler made: they are used, and made anew behind the caller.

#include <memory>

#include "bafe/base/digest.h"
#include "bafe/ir/eval.h"
#include "bafe/ir/graph.h"
#include "bafe/runtime/cache.h"

namespace bafe {

/// A hit, as far as its program is concerned.
struct CacheHit {
  Digest key;
  std::shared_ptr<const CacheEntry> entry;
  Graph graph;
  ConstantTable constants;
  int threads = 1;
};

/// Queues a look at the compiler: where it is not the one that made the entry, the entry's C text
/// is compiled, compared with the interpreter and published again. Once a key and process; the
/// running code stays. A compiler that fails is not asked again by this process.
void rebuild_if_stale(std::shared_ptr<KernelCache> cache, CacheHit hit);

}  // namespace bafe
