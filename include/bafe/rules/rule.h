#pragma once
/// A rewrite rule as data: both sides, conditions, numeric class per direction, set, reason.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bafe/ir/attr_expr.h"
#include "bafe/ir/op_table.h"
#include "bafe/rules/pattern.h"

namespace bafe {

/// DESIGN section 3, strongest promise first.
enum class NumericClass : std::uint8_t { kBits, kSigns, kFinite, kReals, kDomain, kApprox };
enum class RuleStage : std::uint8_t { kAnalysis, kSimplify, kStructural, kFuse, kExplosive };
const char* numeric_class_text(NumericClass c);
const char* rule_stage_text(RuleStage s);

}  // namespace bafe
