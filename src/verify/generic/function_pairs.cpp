// In: names of list functions (int_list.cpp). Out: the function that undoes one. A wrong guess
// costs a proof, never truth: what is built from it is proven.
#include "function_pairs.h"

#include <string_view>

namespace bafe::generic {

std::optional<IntTerm> inverse_application(const std::string& function, IntTerm t) {
  auto before = [&](std::string_view suffix) -> std::optional<std::string> {
    bool ends = function.size() > suffix.size() &&
                std::string_view(function).substr(function.size() - suffix.size()) == suffix;
    if (!ends) return std::nullopt;
    return function.substr(0, function.size() - suffix.size());
  };
  if (auto list = before(".inverse")) return applied(*list, {t});
  if (auto list = before(".position")) return applied(*list, {t});
  if (auto list = before(".skipped")) return t - applied(*list + ".before", {t});
  if (function.find('.') == std::string::npos) return applied(function + ".inverse", {t});
  return std::nullopt;
}

std::optional<IntTerm> inverse_difference(IntTerm difference, IntTerm axis, IntTerm t) {
  const IntRow gap = row(axis - difference);
  bool counts = gap.kind == IntKind::kApply && gap.args.size() == 1 && gap.args[0] == axis;
  std::string_view suffix = ".before";
  if (!counts || gap.name.size() <= suffix.size() || !gap.name.ends_with(suffix)) {
    return std::nullopt;
  }
  return applied(gap.name.substr(0, gap.name.size() - suffix.size()) + ".skipped", {t});
}

}  // namespace bafe::generic
