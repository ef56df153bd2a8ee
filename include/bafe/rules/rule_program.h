#pragma once
/// Right sides as bytecode: one list of steps over registers, run against anything that can hold
/// terms (an e-graph, a graph).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bafe/ir/attr_expr.h"
#include "bafe/ir/op_table.h"
#include "bafe/rules/pattern.h"

namespace bafe {

/// A term in the sink's own numbering: a class of an e-graph, a value of a graph.
using TermRef = std::uint32_t;

/// What conditions and expressions ask about matched terms.
class TermFacts {
 public:
  virtual ~TermFacts() = default;
  /// nullptr when the language has no types.
  virtual const Type* type(TermRef term) const = 0;
  virtual std::optional<Scalar> constant(TermRef term) const = 0;
  virtual bool fact(const std::string& name, TermRef term,
                    const std::vector<AttrValue>& args) const = 0;
};

/// Receives the nodes of a right side. Equal nodes should give equal refs.
class TermSink : public TermFacts {
 public:
  /// ShapeError or DTypeError of the operator's rule may leave; RhsInterpreter turns it into a
  /// RuleError.
  virtual TermRef node(OpId op, std::span<const TermRef> operands, Attrs attrs) = 0;
  /// A constant of the type of `like`; `value` has its dtype already.
  virtual TermRef splat(Scalar value, TermRef like) = 0;
};

/// One step. Registers below LeftSide::class_vars are the match; step i writes register class_vars
/// + i.
struct RightStep {
  enum class Kind : std::uint8_t { kNode, kSplat };
  Kind kind = Kind::kNode;
  OpId op;
  std::vector<std::uint16_t> operands;
  std::vector<AttrExpr> fields;  ///< one per field of the operator
  AttrExpr value;                ///< kSplat: an int or a scalar
  std::uint16_t like = 0;        ///< kSplat: register whose type the constant takes
};

/// The class of variable `target` becomes equal to register `value`.
struct RightOutput {
  std::uint16_t target = 0, value = 0;
};

struct RuleProgram {
  std::vector<RightStep> steps;
  std::vector<RightOutput> outputs;
};

/// `value` as an element of `dtype`: nullopt when an integer type cannot hold it exactly.
std::optional<Scalar> splat_scalar(double value, DType dtype);
/// Is `constant` the literal `value` in its own dtype? Zero matches both zeros.
bool literal_matches(double value, const Scalar& constant);

struct Rewrite;  // rule.h

/// Two refs that a rewrite makes equal.
struct TermPair {
  TermRef left, right;
};

/// Decides matches and builds right sides. Keeps scratch registers: one interpreter a thread.
class RhsInterpreter {
 public:
  /// Tests type templates, field equations, :let and :when for a structural match. `classes` holds
  /// the class variables, `attrs` the attribute variables of the left side; `attrs` is extended by
  /// the values of :let. Undefined means false.
  bool admits(const Rewrite& rewrite, std::span<const TermRef> classes,
              std::vector<AttrValue>& attrs, const TermFacts& facts);
  /// Builds the right side of an admitted match and appends the pairs to be merged to `pairs`.
  /// False (and nothing appended) when an expression is undefined. RuleError names rule and match
  /// when the right side is ill-typed or has another type than the left.
  bool build(const Rewrite& rewrite, std::span<const TermRef> classes,
             const std::vector<AttrValue>& attrs, TermSink& sink, std::vector<TermPair>& pairs);

 private:
  bool run_step(const Rewrite& rewrite, const RightStep& step, const std::vector<AttrValue>& attrs,
                TermSink& sink);
  std::vector<TermRef> registers_, operands_;
};

}  // namespace bafe
