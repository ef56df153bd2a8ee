#pragma once
/// Checks explanations without trusting the e-graph: plain terms, plain pattern matching.

#include <map>
#include <numeric>
#include <string>

#include "egraph/language.h"

namespace bafe::testing {

class Replayer {
 public:
  Replayer(const TermPool& terms, const std::vector<SaturationRule>& rules)
      : terms_(terms), rules_(rules) {}

  /// Does each step change `before` into `after` at its position only, by a true instance of its
  /// rule?
  ::testing::AssertionResult chain(const std::vector<ProofStep>& steps, TermId from,
                                   TermId to) const {
    TermId now = from;
    for (const ProofStep& step : steps) {
      if (step.before != now) return ::testing::AssertionFailure() << "a step does not follow";
      if (!differ_only_at(step.before, step.after, step.position, 0)) {
        return ::testing::AssertionFailure() << "a step changes more than its position";
      }
      TermId left = terms_.at(step.before, step.position),
             right = terms_.at(step.after, step.position);
      if (left != step.equation.left || right != step.equation.right) {
        return ::testing::AssertionFailure() << "a step is not its equation";
      }
      if (!holds(step.equation))
        return ::testing::AssertionFailure() << "a step is no rule instance";
      now = step.after;
    }
    if (now != to) return ::testing::AssertionFailure() << "the chain ends elsewhere";
    return ::testing::AssertionSuccess();
  }

  /// Do the equations, all true instances, prove from = to by naive congruence closure?
  ::testing::AssertionResult closure(const std::vector<Equation>& equations, TermId from,
                                     TermId to) const {
    std::vector<std::uint32_t> root(terms_.size());
    std::iota(root.begin(), root.end(), 0u);
    auto find = [&](std::uint32_t i) {
      while (root[i] != i) i = root[i];
      return i;
    };
    for (const Equation& equation : equations) {
      if (!holds(equation))
        return ::testing::AssertionFailure() << "an equation is no rule instance";
      root[find(equation.left.index())] = find(equation.right.index());
    }
    for (bool changed = true; changed;) {
      changed = false;
      std::map<std::vector<std::uint32_t>, std::uint32_t> seen;
      for (std::uint32_t i = 0; i < terms_.size(); ++i) {
        std::vector<std::uint32_t> key{terms_.op(TermId(i)).index(),
                                       terms_.attr(TermId(i)).index()};
        for (TermId child : terms_.children(TermId(i))) key.push_back(find(child.index()));
        auto [it, is_new] = seen.emplace(key, i);
        if (is_new || find(it->second) == find(i)) continue;
        root[find(i)] = find(it->second);
        changed = true;
      }
    }
    if (find(from.index()) == find(to.index())) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "the equations do not prove it";
  }

  bool holds(const Equation& equation) const {
    for (const SaturationRule& rule : rules_) {
      if (rule.rule != equation.rule) continue;
      TermId left = equation.left, right = equation.right;
      if (rule.backward != equation.backward) std::swap(left, right);
      for (std::size_t i = 0; i < rule.left.roots.size(); ++i) {
        std::map<int, TermId> bound;
        if (matches(rule.left.roots[i].pattern, left, bound) && builds(rule, i, right, bound)) {
          return true;
        }
      }
    }
    return false;
  }

 private:
  bool differ_only_at(TermId a, TermId b, const std::vector<std::uint32_t>& position,
                      std::size_t depth) const {
    if (depth == position.size()) return true;
    const auto &x = terms_.children(a), &y = terms_.children(b);
    if (terms_.op(a) != terms_.op(b) || terms_.attr(a) != terms_.attr(b) || x.size() != y.size()) {
      return false;
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (i == position[depth] ? !differ_only_at(x[i], y[i], position, depth + 1) : x[i] != y[i]) {
        return false;
      }
    }
    return true;
  }

  bool matches(const Pattern& pattern, TermId term, std::map<int, TermId>& bound) const {
    if (pattern.kind == Pattern::Kind::kVariable) {
      return bound.emplace(pattern.var, term).first->second == term;
    }
    if (pattern.kind != Pattern::Kind::kOperator) return true;
    const auto& kids = terms_.children(term);
    if (terms_.op(term) != pattern.op || kids.size() != pattern.children.size()) return false;
    for (std::size_t i = 0; i < kids.size(); ++i) {
      if (!matches(pattern.children[i], kids[i], bound)) return false;
    }
    return true;
  }

  bool builds(const SaturationRule& rule, std::size_t root, TermId term,
              std::map<int, TermId>& bound) const {
    auto* applier = dynamic_cast<TreeApplier*>(rule.applier.get());
    return matches(applier->tree(root), term, bound);
  }

  const TermPool& terms_;
  const std::vector<SaturationRule>& rules_;
};

}  // namespace bafe::testing
