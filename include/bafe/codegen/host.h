#pragma once
/// Steps that the host runs with its own array library: the floor that generated code is measured
/// against. A host step's kernel is registered by name (runtime/executor.h); its `sizes` say how
/// the slots lie, and are written and read here.
///
///   sizes := count view{count} axes_count axis{axes_count}
///   view  := dtype rank offset dim{rank} stride{rank}     offset and strides in bytes
///
/// View i describes slot i; the last one is written.

#include <cstdint>
#include <span>
#include <vector>

#include "bafe/codegen/lower.h"
#include "bafe/ir/dtype.h"

namespace bafe {

inline constexpr int kMostHostRank = 32;

/// An array inside a slot's buffer.
struct HostView {
  DType dtype = DType::kF64;
  std::int64_t offset = 0;
  std::span<const std::int64_t> dims, strides;
};

/// Reads a step's sizes without allocating.
class HostSizes {
 public:
  explicit HostSizes(const std::int64_t* sizes) : at_(sizes + 1), count_(*sizes) {}
  std::int64_t count() const { return count_; }
  HostView next_view() {
    HostView view;
    view.dtype = static_cast<DType>(at_[0]);
    const auto rank = static_cast<std::size_t>(at_[1]);
    view.offset = at_[2];
    view.dims = {at_ + 3, rank};
    view.strides = {at_ + 3 + rank, rank};
    at_ += 3 + 2 * rank;
    return view;
  }
  /// After the last view.
  std::span<const std::int64_t> axes() const { return {at_ + 1, static_cast<std::size_t>(*at_)}; }

 private:
  const std::int64_t* at_;
  std::int64_t count_;
};

/// Names of the routines that a host has to register for host steps to be possible.
std::span<const char* const> host_routines();

/// Groups of the program that the host could run in one step: a product, a reduction or a copy of
/// buffers, without anything fused to it. For LowerOptions::host.
std::vector<int> host_groups(const Program& program, const Target& target,
                             const LowerOptions& options);

}  // namespace bafe
