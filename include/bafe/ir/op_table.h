#pragma once
/// What a language of operators looks like to the rule reader and the e-graph. The tensor operators
/// are one such table (op.h); tests of the e-graph bring tables from mathematics.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bafe/base/id.h"

namespace bafe {

/// Laws of an operator that engines may use without asking which operator it is.
enum Algebra : std::uint32_t {
  kNoAlgebra = 0,
  kCommutes = 1u << 0,    ///< f(a,b) = f(b,a), same bits
  kAssociates = 1u << 1,  ///< f(f(a,b),c) = f(a,f(b,c)), same bits on every dtype
  kAssociatesInReals =
      1u << 2,            ///< the same over the reals and in rings; floats may differ in low bits
  kIdempotent = 1u << 3,  ///< unary: f(f(a)) = f(a); binary: f(a,a) = a
  kInvolution = 1u << 4,  ///< f(f(a)) = a
  kZeroAtZero = 1u << 5,  ///< f(0) = 0 (unary) or f(0,0) = 0
};

enum class AttrKind : std::uint8_t { kInt, kList, kDType, kScalar, kText, kGraph };

/// One attribute field: `perm:list` in ops.def.
struct AttrField {
  std::string name;
  AttrKind kind;
};

struct OpSpec {
  std::string name;  ///< text form, e.g. "reduce_sum"
  int arity = 0;     ///< kVariadic: one or more operands
  std::vector<AttrField> fields;
  std::uint32_t algebra = kNoAlgebra;
  /// Non-empty: the operator is an abbreviation. The text is a term over its parameters `?x …`
  /// (operands, then fields, in order) in rule syntax; the builder and the rule reader replace it.
  std::string parameters, definition;
};

inline constexpr int kVariadic = -1;

class OpTable {
 public:
  OpId add(OpSpec spec);                   ///< CHECKs that the name is new
  OpId find(std::string_view name) const;  ///< an invalid id when there is none
  const OpSpec& spec(OpId op) const { return specs_[op.index()]; }
  std::size_t size() const { return specs_.size(); }

 private:
  std::vector<OpSpec> specs_;
  std::unordered_map<std::string, OpId> by_name_;
};

}  // namespace bafe
