#pragma once
/// Numbers that stand for symbols while a program over symbols is priced.

#include "bafe/ir/binding.h"

namespace bafe {

/// As long as it lives, size_of() of this thread reads symbols from `binding`. The innermost holds.
class SizeSample {
 public:
  explicit SizeSample(Binding binding);
  ~SizeSample();
  SizeSample(const SizeSample&) = delete;
  SizeSample& operator=(const SizeSample&) = delete;

  /// nullptr when none lives in this thread.
  static const Binding* current();

 private:
  Binding binding_;
  const Binding* outer_;
};

}  // namespace bafe
