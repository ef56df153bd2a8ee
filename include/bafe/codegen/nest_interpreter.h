#pragma once
/// The third reader of a nest: it runs the statements themselves, one element after the other, over
/// integers modulo p = 2^61 - 1 or over doubles, and refuses whatever C would let pass. It sees
/// indices, strides, tails, guards, accumulators and private memory; it does not see the C text.
/// Tiles written by hand (matrix products, attention, packing) are C text from the start, not
/// nests: they are not covered here.
///
///   NestArray<std::uint64_t> x = NestArray<std::uint64_t>::given(values), out(count);
///   NestRun run = run_nest_zp(nest, {&x, &out}, {}, 0, nest.units());
///   EXPECT_FALSE(run.fault);

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bafe/codegen/nest.h"
#include "bafe/codegen/plan.h"

namespace bafe {

/// Elements of one buffer and who wrote them. Of one launch every element has one unit that writes
/// it, and no unit reads what another one writes.
template <class Value>
struct NestArray {
  static constexpr std::int64_t kUnwritten = -1, kBefore = -2, kEveryUnit = -3;
  struct Cell {
    Value value{};
    std::int64_t writer = kUnwritten;  ///< a unit, or one of the above
    std::int64_t loop = 0, turn = 0;   ///< the vector loop that wrote it last, and its iteration
  };
  NestArray() = default;
  explicit NestArray(std::int64_t count) : cells(static_cast<std::size_t>(count)) {}
  static NestArray given(std::span<const Value> values) {
    NestArray out(static_cast<std::int64_t>(values.size()));
    for (std::size_t i = 0; i < values.size(); ++i) out.cells[i] = {values[i], kBefore, 0, 0};
    return out;
  }
  /// The launch is over: the next one reads what this one wrote.
  void settle() {
    for (Cell& c : cells) {
      if (c.writer >= 0) c = {c.value, kBefore, 0, 0};
    }
  }
  std::vector<Cell> cells;
};

struct NestFault {
  std::string place;  ///< "part 0, unit 3, loop i2 = 5, store"
  std::string fact;   ///< "index 64 of buffer 1, which has 64 elements"
  std::string text() const { return place + ": " + fact; }
};

struct NestRun {
  int status = kKernelOk;          ///< what the kernel reports of the values it was given
  std::optional<NestFault> fault;  ///< a mistake of the nest; what it wrote is then not complete
};

/// Units [begin, end) of all parts, as the kernel ABI counts them; `slots` by Buffer::slot. Private
/// memory is fresh at every call. A fault is: an index outside its buffer or a variable outside its
/// range; use of an element nobody wrote; an element that two units write, or one writes and
/// another reads; private memory that outlives its unit; iterations of a vector loop that meet.
/// Ring operators are exact; exp, division and the like are the keyed hashes of ir/zp.h, as
/// evaluate_zp has them, so that equal programs give equal residues.
NestRun run_nest_zp(const Nest& nest, std::span<NestArray<std::uint64_t>* const> slots,
                    std::span<const std::int64_t> sizes, std::int64_t begin, std::int64_t end);
/// The same in doubles: nothing is rounded to a smaller type, integers are exact below 2^53.
NestRun run_nest_f64(const Nest& nest, std::span<NestArray<double>* const> slots,
                     std::span<const std::int64_t> sizes, std::int64_t begin, std::int64_t end);

}  // namespace bafe
