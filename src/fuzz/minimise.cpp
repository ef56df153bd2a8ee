// In: a case that is wrong. Out: a smaller one that is wrong in the same way: crash, hang, error or
// difference. Passes are repeated until none makes the case smaller; every try is a process.

#include "bafe/fuzz/minimise.h"

#include <algorithm>
#include <set>

#include "bafe/base/format.h"
#include "bafe/fuzz/campaign.h"
#include "bafe/ir/op.h"
#include "edit.h"

namespace bafe {
namespace {

constexpr double kTrySeconds = 60;

class Minimiser {
 public:
  Minimiser(const FuzzCase& one, int most_tries, const FuzzCheck& check)
      : most_(most_tries), check_(check) {
    small_.one = one;
    small_.finding = check_apart(one, kTrySeconds, check_);
    kind_ = kind_of(small_.finding);
  }

  SmallCase run() {
    if (small_.finding.what.empty()) return small_;
    for (bool is_smaller = true; is_smaller && small_.tries < most_;) {
      is_smaller = false;
      is_smaller |= settings();
      is_smaller |= roots();
      is_smaller |= values();
      is_smaller |= sizes();
      is_smaller |= dtypes();
    }
    return small_;
  }

 private:
  /// The first word: an error, a crash and a difference are different mistakes.
  static std::string kind_of(const Finding& finding) {
    const std::string& what = finding.what;
    if (what.starts_with("set") || what.starts_with("result") || what.starts_with("tier"))
      return "differs";
    return what.substr(0, what.find(' '));
  }

  bool attempt(const FuzzCase& one) {
    if (small_.tries >= most_) return false;
    ++small_.tries;
    const Finding found = check_apart(one, kTrySeconds, check_);
    if (found.what.empty() || kind_of(found) != kind_) return false;
    small_.one = one;
    small_.finding = found;
    return true;
  }

  bool attempt(const GraphEdit& edit) {
    std::optional<Graph> graph = edited(small_.one.graph, edit);
    if (!graph) return false;
    FuzzCase one = small_.one;
    one.graph = std::move(*graph);
    return attempt(one);
  }

  template <class Change>
  bool with(Change change) {
    FuzzCase one = small_.one;
    change(one.settings);
    return fuzz_text(one) != fuzz_text(small_.one) && attempt(one);
  }

  bool settings() {
    bool out = false;
    out |= with([](FuzzSettings& s) { s.threads = 1; });
    out |= with([](FuzzSettings& s) { s.shift = 0; });
    out |= with([](FuzzSettings& s) { s.is_aliased = false; });
    out |= with([](FuzzSettings& s) { s.effort = FuzzEffort::kAsWritten; });
    if (small_.one.settings.effort != FuzzEffort::kAsWritten)
      out |= with([](FuzzSettings& s) { s.effort = FuzzEffort::kDefault; });
    out |= with([](FuzzSettings& s) { s.math = Math::kBits; });
    if (small_.one.settings.math == Math::kFast)
      out |= with([](FuzzSettings& s) { s.math = Math::kReals; });
    out |= with([](FuzzSettings& s) { s.values = FuzzValues::kWhole; });
    if (small_.one.settings.values != FuzzValues::kWhole)
      out |= with([](FuzzSettings& s) { s.values = FuzzValues::kTame; });
    out |= with([](FuzzSettings& s) { s.structure = true; });
    out |= with([](FuzzSettings& s) { s.isa = Isa::kAvx512; });
    return out;
  }

  bool roots() {
    const std::vector<ValueId> roots(small_.one.graph.roots().begin(),
                                     small_.one.graph.roots().end());
    bool out = false;
    for (std::size_t i = 0; roots.size() > 1 && i < roots.size() && !out; ++i) {
      GraphEdit edit;
      edit.roots = {roots[i]};
      out = attempt(edit);
    }
    return out;
  }

  /// Operands of roots as roots, and values that are replaced by less.
  bool values() {
    bool out = false;
    for (std::size_t back = 1; back <= small_.one.graph.size(); ++back) {
      const ValueId id(static_cast<std::uint32_t>(small_.one.graph.size() - back));
      const Node node = small_.one.graph.node(id);
      if (is_input(node.op)) continue;
      GraphEdit lower;
      lower.roots = node.operands;
      const bool is_root =
          std::find(small_.one.graph.roots().begin(), small_.one.graph.roots().end(), id) !=
          small_.one.graph.roots().end();
      if (is_root && !node.operands.empty() && attempt(lower)) {
        out = true;
        back = 0;
        continue;
      }
      GraphEdit edit;
      edit.place = id;
      bool is_less = false;
      edit.stand = Stand::kOperand;
      for (std::size_t k = 0; k < node.operands.size() && !is_less; ++k) {
        edit.operand = static_cast<int>(k);
        is_less = small_.one.graph.type(node.operands[k]) == node.type && attempt(edit);
      }
      for (Stand stand : {Stand::kInput, Stand::kZero, Stand::kOne}) {
        edit.stand = stand;
        const bool is_new = !node.operands.empty() || stand == Stand::kInput;
        is_less = is_less || (is_new && attempt(edit));
      }
      if (!is_less) continue;
      out = true;
      back = std::min(back, small_.one.graph.size());
    }
    return out;
  }

  bool sizes() {
    std::set<std::int64_t> known;
    for (const InputInfo& input : small_.one.graph.inputs()) {
      for (Dim n : input.type.shape) known.insert(n.value());
    }
    bool out = false;
    for (auto it = known.rbegin(); it != known.rend(); ++it) {
      for (std::int64_t less : {std::int64_t{1}, std::int64_t{2}, *it / 2, *it - 1}) {
        if (less >= *it || less < 1) continue;
        GraphEdit edit;
        edit.size = [from = *it, less](Dim n) { return n == Dim(from) ? Dim(less) : n; };
        if (!attempt(edit)) continue;
        out = true;
        break;
      }
    }
    GraphEdit plain;
    plain.plain_layouts = true;
    const bool has_layouts =
        std::any_of(small_.one.graph.inputs().begin(), small_.one.graph.inputs().end(),
                    [](const InputInfo& input) { return input.layout != "row"; });
    return (has_layouts && attempt(plain)) || out;
  }

  bool dtypes() {
    bool out = false;
    for (DType to : {DType::kF64, DType::kF32}) {
      std::set<DType> known;
      for (const InputInfo& input : small_.one.graph.inputs()) known.insert(input.type.dtype);
      for (DType from : known) {
        if (!is_float(from) || from == to || from == DType::kF64) continue;
        GraphEdit edit;
        edit.dtype = [from, to](DType d) { return d == from ? to : d; };
        out |= attempt(edit);
      }
    }
    return out;
  }

  int most_;
  const FuzzCheck& check_;
  SmallCase small_;
  std::string kind_;
};

}  // namespace

SmallCase minimise(const FuzzCase& one, int most_tries, const FuzzCheck& check) {
  return Minimiser(one, most_tries, check).run();
}

}  // namespace bafe
