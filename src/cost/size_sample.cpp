// The sample sizes of a search. In: values of symbols. Out: what size_of() answers. Invariant:
// prices only rest on it; whether a rewrite or a group is legal is never asked with it where sizes
// are symbols.

#include "bafe/cost/size_sample.h"

#include <utility>

namespace bafe {
namespace {

thread_local const Binding* innermost = nullptr;

}  // namespace

SizeSample::SizeSample(Binding binding) : binding_(std::move(binding)), outer_(innermost) {
  innermost = &binding_;
}

SizeSample::~SizeSample() { innermost = outer_; }

const Binding* SizeSample::current() { return innermost; }

}  // namespace bafe
