#pragma once
/// A rewrite rule as data: both sides, conditions, numeric class per direction, set, reason.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/ir/attr_expr.h"
#include "bafe/ir/op_table.h"
#include "bafe/rules/pattern.h"
#include "bafe/rules/rule_program.h"

namespace bafe {

/// Numeric classes, strongest promise first.
enum class NumericClass : std::uint8_t { kBits, kSigns, kFinite, kReals, kDomain, kApprox };
enum class RuleStage : std::uint8_t { kAnalysis, kSimplify, kStructural, kFuse, kExplosive };
const char* numeric_class_text(NumericClass c);
const char* rule_stage_text(RuleStage s);
std::optional<NumericClass> numeric_class_from_text(std::string_view text);
std::optional<RuleStage> rule_stage_from_text(std::string_view text);

/// One size of a type template: an integer, a size name of the rule, or anything (`_`).
struct SizeTemplate {
  enum class Kind : std::uint8_t { kNumber, kName, kAny };
  Kind kind = Kind::kAny;
  std::int64_t number = 0;  ///< kNumber
  std::uint16_t name = 0;   ///< kName: row of Rewrite::size_names
};

/// `(?a [B.. m k])`: the shape that class variable `var` must have. Equal names are equal sizes;
/// `B..` stands for any number of leading sizes, the same wherever the name is the same.
struct TypeTemplate {
  std::uint16_t var = 0;
  std::uint16_t batch = kNoVariable;  ///< row of Rewrite::batch_names; kNoVariable: exact rank
  std::vector<SizeTemplate> sizes;
};

/// A left field or constant that was written as an expression: variable = value.
struct VarEquation {
  std::uint16_t var = 0;
  AttrExpr value;
};

/// One direction of one rule: what a search runs. Variables are numbered as in `left`; the
/// attribute variables of :let follow those of the left side.
struct Rewrite {
  std::string name;  ///< of the rule
  SourceLoc loc;
  bool forward = true;
  NumericClass numeric = NumericClass::kReals;
  RuleStage stage = RuleStage::kStructural;
  LeftSide left;  ///< every root has a root_var
  std::vector<TypeTemplate> types;
  std::vector<VarEquation> field_equations;     ///< attribute variable = value
  std::vector<VarEquation> constant_equations;  ///< constant of a class variable = value
  std::vector<VarEquation> lets;                ///< attribute variable := value
  std::vector<AttrExpr> conditions;
  /// :distinct. Class variables that stand for different values, in the order of their birth: one
  /// match is enough where roots can be exchanged. Says nothing about truth.
  std::vector<std::uint16_t> distinct;
  RuleProgram right;
  std::vector<std::string> class_names, attr_names;  ///< of the variables, for messages
  std::vector<std::string> size_names, batch_names;
};

/// How a value lies in memory, as a move states it.
struct MoveState {
  enum class Kind : std::uint8_t { kRow, kCol, kAny, kVariable };
  Kind kind = Kind::kRow;
  std::uint16_t attr_var = 0;  ///< kVariable: the attribute variable that holds the layout's name
};

/// A step between states of extraction: `from` is the state of ?x, `to` that of
/// the whole left term; their bytes are the same, so the term costs nothing. With a right side:
/// both terms have the same bytes in state `to`.
struct Move {
  MoveState from, to;
  /// Left and conditions; `right` is the cheaper term, or ?x itself.
  Rewrite rewrite;
  std::uint16_t operand = 0;  ///< class variable of ?x
};

struct Rule {
  std::string name;
  std::string theme;  ///< stem of the file it came from: "matmul"
  std::string text;   ///< canonical
  std::string why;    ///< when it wins
  SourceLoc loc;
  RuleStage stage = RuleStage::kStructural;
  std::vector<Rewrite> rewrites;  ///< => one, <=> two; none for a move
  std::optional<Move> move;
  bool is_stamped = false;  ///< a proof of this text is on record
};

}  // namespace bafe
