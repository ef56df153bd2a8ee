// In: programs over the same inputs. Out: whether they are equal, modulo p or within the sum of
// their rounding bounds. A rule that fails modulo p on an instance of its own is a law of real
// numbers, or of an order, and is judged by floats alone.

#include "terms.h"

#include <cmath>
#include <optional>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/base/hash.h"
#include "bafe/fuzz/chance.h"
#include "bafe/ir/rounding.h"
#include "bafe/ir/zp.h"
#include "bafe/runtime/error_bound.h"
#include "bafe/verify/instance.h"
#include "compare.h"

namespace bafe {
namespace {

constexpr int kInstances = 10;

/// Both sides of an instance as one program with two roots a pair.
bool agrees_modulo(const Graph& graph, std::uint64_t seed) {
  FuzzCase one;
  one.graph = graph;
  one.settings.data = seed;
  const std::vector<ZpTensor> values = evaluate_zp(graph, fuzz_residues(one, 0, false));
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    if (values[i].values != values[i + 1].values) return false;
  }
  return true;
}

bool holds_modulo(const Rewrite& rewrite) {
  const InstanceMaker maker(rewrite);
  for (const FactPromise& promise : maker.promises()) {
    if (!promise.name.empty()) return false;  // residues cannot keep it
  }
  Dice dice(hash_text(rewrite.name));
  int made = 0;
  for (int i = 0; i < 4 * kInstances && made < kInstances; ++i) {
    InstanceOptions options;
    options.dtype = i % 3 == 2 ? DType::kI32 : DType::kF32;
    options.sizes = {1, 2, 3, 4};
    options.max_elements = 64;
    int attempts = 20;
    const std::optional<RuleInstance> instance = maker.make(options, dice, attempts);
    if (!instance) continue;
    ++made;
    if (!agrees_modulo(instance->graph, static_cast<std::uint64_t>(i))) return false;
  }
  return made > 0;
}

bool is_ring_rule(const Rule& rule) {
  for (const Rewrite& rewrite : rule.rewrites) {
    try {
      if (!holds_modulo(rewrite)) return false;
    } catch (const Error&) {
      return false;
    }
  }
  return !rule.rewrites.empty();
}

}  // namespace

const RuleSet& ring_rules() {
  static const RuleSet& rules = *new RuleSet(RuleSet::builtin().filter(is_ring_rule));
  return rules;
}

std::string differ_modulo(const Graph& a, const Graph& b, const std::vector<ZpTensor>& inputs) {
  std::vector<ZpTensor> left, right;
  try {
    left = evaluate_zp(a, inputs);
    right = evaluate_zp(b, inputs);
  } catch (const ShapeError&) {  // an index out of range
    return {};
  }
  if (left.size() != right.size()) return "another number of results";
  for (std::size_t r = 0; r < left.size(); ++r) {
    if (left[r].type != right[r].type)
      return format("result {} is {} instead of {}", r, right[r].type.text(), left[r].type.text());
    for (std::size_t i = 0; i < left[r].values.size(); ++i) {
      if (left[r].values[i] != right[r].values[i])
        return format("result {} element {} modulo p: {} instead of {}", r, i,
                      zp_signed(right[r].values[i]), zp_signed(left[r].values[i]));
    }
  }
  return {};
}

TermValues term_values(const Graph& graph, const std::vector<Tensor>& inputs,
                       const ConstantTable& constants) {
  TermValues out;
  try {
    const std::vector<Tensor> values = evaluate_all(graph, inputs, constants);
    out.is_settled = true;
    for (const Tensor& value : values) {
      if (!value.data() || !is_float(value.type().dtype)) continue;
      for (std::int64_t i = 0; i < value.count() && out.is_settled; ++i)
        out.is_settled = std::isfinite(value.at(i).as_double());
    }
    for (ValueId root : graph.roots()) out.results.push_back(values[root.index()]);
  } catch (const Error&) {
    out.fails = true;
  }
  return out;
}

std::string differ_in_floats(const Graph& a, const TermValues& va, const Graph& b,
                             const std::vector<Tensor>& inputs, const ConstantTable& constants,
                             bool bits) {
  const TermValues vb = term_values(b, inputs, constants);
  if (va.fails || vb.fails) return !va.fails && vb.fails ? "the term reports an error" : "";
  if (va.results.size() != vb.results.size()) return "another number of results";
  const std::string found = differ_in_bits(va.results, vb.results);
  if (found.empty() || bits) return found;
  for (std::size_t r = 0; r < va.results.size(); ++r) {
    if (va.results[r].type() != vb.results[r].type()) return found;
  }
  if (!va.is_settled || !vb.is_settled) return {};
  const auto ba = error_bounds(a, inputs, constants), bb = error_bounds(b, inputs, constants);
  for (std::size_t r = 0; r < va.results.size(); ++r) {
    for (std::int64_t i = 0; i < va.results[r].count(); ++i) {
      const double x = va.results[r].at(i).as_double(), y = vb.results[r].at(i).as_double();
      if (x == y) continue;
      double allowed = 1e-2 * (1 + std::fabs(x));  // routines, which have no bound
      const DType dtype = va.results[r].type().dtype;
      const bool is_half = is_float(dtype) && unit_roundoff(dtype) > 1e-4;
      if (!(ba && bb) && is_half) continue;  // sums before it may be larger than their difference
      if (ba && bb) allowed = (*ba)[r].at(i).as_double() + (*bb)[r].at(i).as_double();
      if (!std::isfinite(allowed) || std::fabs(x - y) <= allowed) continue;
      return format("result {} element {} ({}): {:.9g} instead of {:.9g}, allowed {:.3g}", r, i,
                    dtype_info(va.results[r].type().dtype).name, y, x, allowed);
    }
  }
  return {};
}

}  // namespace bafe
