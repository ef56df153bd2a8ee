#pragma once
/// What everything is ranked by: predicted nanoseconds. Measured corrections are handed down
/// through this interface.

#include <array>
#include <string>

#include "bafe/cost/schedule.h"
#include "bafe/cost/target.h"

namespace bafe {

/// One CPU as numbers. Measured once in the background, or built in for tests and first calls.
struct Machine {
  std::string id;  ///< "reference-avx512" or "<cpu model>/<threads>"
  double fma_gflops_f32 = 150, fma_gflops_f64 = 75, scalar_gops = 3;
  double bf16_gflops = 0, amx_gflops = 0;  ///< bf16 on vectors and on tiles; 0: has none
  /// Of f32 products through bf16, as the numeric class of the request allows; 0: multiply-adds.
  double f32_pairs_gflops = 0;
  double l1_gbs = 150, l2_gbs = 60, l3_gbs = 25, memory_gbs = 14;
  std::int64_t l1_bytes = 32 << 10, l2_bytes = 1 << 20, l3_bytes = 32 << 20;
  std::int64_t vector_bytes = 64;
  double step_ns = 30, barrier_ns = 1500, call_ns = 200, compile_ms = 40;
  int threads = 1;

  /// Built-in figures for an instruction set: tests, goldens and first calls use it.
  static Machine reference(const Target& target, int threads = 1);
  std::string to_json() const;
  static Machine from_json(const std::string& text);
};

/// Time of one group alone: max(compute, traffic) + overhead. Fills flops and bytes.
struct GroupCost {
  double ns = 0, flops = 0, bytes = 0;
  /// What `ns` is made of, for the features of step_features.h; 0 where a kind of group has no such
  /// part: arithmetic and packing, traffic, bytes that reading across the order adds for each byte,
  /// elements read and written by all loops.
  double compute_ns = 0, traffic_ns = 0, strided = 0, loads = 0;
};

class CostModel {
 public:
  virtual ~CostModel() = default;
  virtual const Machine& machine() const = 0;
  virtual GroupCost group_cost(const Program& program, const Group& group) const = 0;
  /// Price of a whole decided program; ranks candidates.
  virtual double program_ns(const Program& program) const = 0;
  /// Part of every cache key: equal texts rank equally.
  virtual std::string identity() const = 0;
};

}  // namespace bafe
