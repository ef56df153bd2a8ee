#pragma once
/// Scalar expressions of one kernel: a hash-consed DAG of index arithmetic and typed values. Equal
/// expressions are one node, so common subexpressions cost nothing and a tree used twice never
/// grows.
///
/// Indices are canonical: a constant plus integer multiples of atoms (loop variables, sizes,
/// quotients, remainders, looked-up values, products of atoms) with known ranges; quotients and
/// remainders by constants are resolved through those ranges. An extent, a stride or a divisor may
/// be read from size[] when the kernel runs: whoever fills size[] warrants the range declared for
/// it, and that every index stays inside an array, hence within 62 bits. f16 and bf16 values are
/// computed in C `float`; kRound marks where they take their stored precision.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bafe/ir/dtype.h"
#include "bafe/ir/meaning.h"

namespace bafe {

struct Ex {
  std::uint32_t id = 0xffffffffu;
  bool valid() const { return id != 0xffffffffu; }
  friend auto operator<=>(Ex, Ex) = default;
};

enum class ExKind : std::uint8_t {
  kLinear,    ///< index: number + sum of terms
  kVar,       ///< index: loop variable `number`
  kSize,      ///< index: size[number] of the step, known when the kernel runs
  kProduct,   ///< index: product of two or more atoms, sorted
  kQuotient,  ///< index: floor(args[0] / number), number > 0; number 0: by args[1]
  kModulo,    ///< index: args[0] mod number, number > 0; number 0: by args[1]
  kToIndex,   ///< index: an integer value
  kLookup,   ///< index: args[0], wrapped once if negative, inside [0, number) or the kernel reports
             ///< an error; number -1: inside [0, args[1])
  kPick,     ///< index: args[0] (a truth value) ? args[1] : args[2]
  kLess,     ///< bool: args[0] < args[1], indices
  kSame,     ///< bool: args[0] == args[1], indices
  kOfIndex,  ///< value: an index as `dtype`
  kConst,    ///< value: `bits` of `dtype`
  kLoad,     ///< value: buffer `number` at flat index args[0]
  kPrim,     ///< value: prim(args) computed in `dtype`
  kCast,     ///< value: args[0] converted to `dtype`
  kRound,    ///< value: args[0] rounded to the stored precision of `dtype`
  kLocal,    ///< value: named scalar `number`, set by a statement
  kReduce,   ///< value: combination of args[0] over `vars`; gone before a nest is complete
};

struct ExNode {
  ExKind kind = ExKind::kConst;
  Prim prim = Prim::kLiteral;
  DType dtype = DType::kI64;
  ReduceKind reduce = ReduceKind::kSum;
  bool is_index = false;
  std::int64_t number = 0;
  std::uint64_t bits = 0;
  std::vector<std::pair<Ex, std::int64_t>> terms;  ///< (atom, multiple), by atom
  std::vector<Ex> args;
  std::vector<int> vars;  ///< kReduce: bound variables, slowest first
  // Derived:
  std::int64_t lo = 0, hi = 0;  ///< range of an index, both ends included
  std::uint64_t free = 0;       ///< loop variables it depends on, one bit each
  bool is_sized = false;        ///< depends on a kSize, by itself or through a variable's extent
};

class ExprPool {
 public:
  ExprPool() = default;
  ExprPool(const ExprPool&) = delete;
  ExprPool& operator=(const ExprPool&) = delete;

  /// A new loop variable in [0, extent). At most 64. An extent depends on no variable.
  int new_var(std::int64_t extent) { return new_var(integer(extent)); }
  int new_var(Ex extent);
  std::int64_t extent(int var) const;  ///< CHECKs that it is known now
  Ex extent_of(int var) const { return extents_[static_cast<std::size_t>(var)]; }
  int var_count() const { return static_cast<int>(extents_.size()); }

  // Indices.
  Ex var(int v);
  Ex integer(std::int64_t value);
  Ex add(Ex a, Ex b);
  Ex sub(Ex a, Ex b);
  Ex scale(Ex a, std::int64_t factor);
  Ex mul(Ex a, Ex b);
  /// size[k] of the step, in [lo, hi].
  Ex size(int k, std::int64_t lo, std::int64_t hi);
  Ex quotient(Ex a, std::int64_t divisor);
  Ex modulo(Ex a, std::int64_t divisor);
  Ex quotient(Ex a, Ex divisor);  ///< the divisor's range lies above 0
  Ex modulo(Ex a, Ex divisor);
  Ex to_index(Ex value);
  Ex lookup(Ex index, std::int64_t extent);
  Ex lookup(Ex index, Ex extent);
  Ex pick(Ex cond, Ex a, Ex b);
  Ex less(Ex a, Ex b);
  Ex same(Ex a, Ex b);

  // Values.
  Ex of_index(Ex index, DType dtype);
  Ex constant(Scalar value);
  Ex truth(bool value) { return constant(Scalar::of_int(DType::kBool, value ? 1 : 0)); }
  Ex load(int buffer, DType dtype, Ex index);
  Ex prim(Prim prim, DType dtype, std::vector<Ex> args);
  Ex cast(Ex value, DType dtype);
  Ex round(Ex value, DType dtype);
  Ex local(int number, DType dtype, std::uint64_t free);
  Ex reduce(ReduceKind kind, DType dtype, std::vector<int> vars, Ex body);

  const ExNode& node(Ex e) const { return nodes_[e.id]; }
  std::size_t size() const { return nodes_.size(); }
  bool is_constant(Ex e) const;  ///< an index without terms, or kConst
  bool depends(Ex e, int var) const { return (node(e).free >> var & 1) != 0; }
  /// Multiple of `var` in a canonical index; atoms that hide `var` make `hidden` true.
  std::int64_t coefficient(Ex index, int var, bool* hidden = nullptr) const;

  /// `e` with variables replaced by indices, simplified anew.
  using Binding = std::unordered_map<int, Ex>;
  Ex substitute(Ex e, const Binding& binding);
  /// `e` with whole nodes replaced; below a replaced node nothing is visited.
  using NodeMap = std::unordered_map<std::uint32_t, Ex>;
  Ex replace(Ex e, const NodeMap& nodes);

  /// All nodes under `roots`, operands first.
  std::vector<Ex> reachable(const std::vector<Ex>& roots) const;

 private:
  Ex intern(ExNode node);
  Ex linear(std::int64_t number, std::vector<std::pair<Ex, std::int64_t>> terms);
  std::pair<std::int64_t, Ex> split_factor(Ex index, std::int64_t d);
  Ex joined_digits(Ex low, Ex high);
  Ex exact(Ex index, std::int64_t factor);
  Ex product_of_atoms(Ex a, Ex b);
  std::pair<Ex, Ex> divided(Ex a, Ex divisor);
  Ex rewrite(Ex e, const Binding& binding, NodeMap& memo);
  std::vector<int> renamed(const std::vector<int>& vars, const Binding& binding) const;
  void as_linear(Ex e, std::int64_t factor, std::int64_t& number,
                 std::vector<std::pair<Ex, std::int64_t>>& terms) const;

  std::vector<ExNode> nodes_;
  std::vector<Ex> extents_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_hash_;
};

}  // namespace bafe
