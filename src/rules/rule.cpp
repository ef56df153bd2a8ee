// Names of numeric classes and rule sets, as rule files spell them. Order equals the enums'.
#include "bafe/rules/rule.h"

#include <array>
#include <cstddef>

namespace bafe {
namespace {

constexpr std::array<const char*, 6> kClassNames = {"bits",  "signs",  "finite",
                                                    "reals", "domain", "approx"};
constexpr std::array<const char*, 5> kStageNames = {"analysis", "simplify", "structural", "fuse",
                                                    "explosive"};

template <class Enum, std::size_t N>
std::optional<Enum> from_text(const std::array<const char*, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (text == names[i]) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

const char* numeric_class_text(NumericClass c) { return kClassNames[static_cast<std::size_t>(c)]; }
const char* rule_stage_text(RuleStage s) { return kStageNames[static_cast<std::size_t>(s)]; }

std::optional<NumericClass> numeric_class_from_text(std::string_view text) {
  return from_text<NumericClass>(kClassNames, text);
}

std::optional<RuleStage> rule_stage_from_text(std::string_view text) {
  return from_text<RuleStage>(kStageNames, text);
}

}  // namespace bafe
