#pragma once
/// The left (and, as a shape, the right) side of a rule: a plain tree that any matcher can compile.
/// Class variables and attribute variables of a rule are numbered from 0, each in its own space;
/// the spaces are shared by all patterns of the rule.

#include <cstdint>
#include <string>
#include <vector>

#include "bafe/base/id.h"
#include "bafe/ir/attrs.h"

namespace bafe {

inline constexpr std::uint16_t kNoVariable = 0xffff;

/// What a pattern asks of one attribute field.
struct FieldPattern {
  enum class Kind : std::uint8_t {
    kAny,       ///< not looked at
    kVariable,  ///< binds attribute variable `var`, or equals what it was bound to before
    kLiteral,   ///< equals `literal`
  };
  Kind kind = Kind::kAny;
  std::uint16_t var = 0;
  AttrValue literal;
};

struct Pattern {
  enum class Kind : std::uint8_t {
    kWildcard,  ///< any class, not bound
    kVariable,  ///< binds class variable `var`, or is the same class as it was bound to before
    kOperator,  ///< a node of `op` with exactly these children
    kLiteral,   ///< a class whose constant fact is `literal` in every element (left side: `0`)
  };
  Kind kind = Kind::kWildcard;
  std::uint16_t var = 0;
  double literal = 0;
  OpId op;
  /// kOperator: class variable also bound to the node's class (not seen before), so that conditions
  /// can ask for its type; kNoVariable: none.
  std::uint16_t bind = kNoVariable;
  std::vector<FieldPattern> fields;  ///< empty (all `kAny`) or one per field of the operator
  std::vector<Pattern> children;
};

/// One `(?r term)` of a multi-pattern. A single-pattern rule has one, with root_var kNoVariable.
struct RootPattern {
  std::uint16_t root_var = kNoVariable;  ///< class variable bound to the root's class
  Pattern pattern;
};

/// What a matcher needs of a rule. Roots are joined on the variables that they share.
struct LeftSide {
  std::vector<RootPattern> roots;
  std::uint16_t class_vars = 0;
  std::uint16_t attr_vars = 0;
};

}  // namespace bafe
