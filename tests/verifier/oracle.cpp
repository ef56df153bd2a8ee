// In: a rule. Out: the first match on which its sides differ. Floats hold small integers in f64, so
// that sums and products are exact and only functions round; classes that speak about bits also see
// normal numbers and special values in f32. Integers wrap.
#include "oracle.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "../../src/verify/promises.h"
#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/eval.h"
#include "bafe/verify/check.h"
#include "bafe/verify/instance.h"

namespace bafe::verifier {
namespace {

enum class Data { kSmallIntegers, kNormal, kSpecial };

struct Plan {
  DType dtype;
  Data data;
  int matches;  // for each palette
};

const std::vector<std::vector<std::int64_t>>& size_palettes() {
  static const std::vector<std::vector<std::int64_t>> all = {{1, 2, 3}, {2, 3, 4}, {3},
                                                             {0, 1, 2}, {1, 2},    {2, 5, 6}};
  return all;
}

double float_value(Data data, Dice& dice) {
  static const std::vector<double> special = {0.0,
                                              -0.0,
                                              1,
                                              -1,
                                              std::numeric_limits<double>::infinity(),
                                              -std::numeric_limits<double>::infinity(),
                                              std::numeric_limits<double>::quiet_NaN(),
                                              2.5};
  if (data == Data::kSpecial) return dice.pick(special);
  return data == Data::kNormal ? dice.normal() : dice.below(9) - 4;
}

/// Edges of the type and small numbers.
std::int64_t integer_value(DType dtype, Dice& dice) {
  switch (dice.below(8)) {
    case 0:
      return std::numeric_limits<std::int64_t>::min() >> (64 - dtype_info(dtype).bits);
    case 1:
      return std::numeric_limits<std::int64_t>::max() >> (64 - dtype_info(dtype).bits);
    default:
      return dice.below(7) - 3;
  }
}

/// The whole numbers from -4 to 4 that a range promised of an input has; none: something else is
/// promised, or nothing.
std::vector<double> whole_numbers(const std::vector<FactPromise>& promises) {
  double low = -4, high = 4;
  for (const FactPromise& promise : promises) {
    if (promise.name != "in" || promise.args.size() != 2) return {};
    low = std::max(low, promised_number(promise.args[0]));
    high = std::min(high, promised_number(promise.args[1]));
  }
  std::vector<double> out;
  for (double n = std::ceil(low); n <= high && !promises.empty(); ++n) out.push_back(n);
  return out;
}

/// Draws of the verifier's own rarely hit poles inside a range, such as 0: half of ours do.
void draw_whole_numbers(Tensor& input, const std::vector<double>& from, Dice& dice) {
  if (from.empty() || !is_float(input.type().dtype) || dice.below(2) != 0) return;
  for (std::int64_t k = 0; k < input.count(); ++k)
    input.set(k, Scalar::of(input.type().dtype, dice.pick(from)));
}

/// Inputs of which a condition asks something are drawn so that it holds; the others are ours.
std::optional<std::vector<Tensor>> evaluate_once(const RuleInstance& match, Data data, Dice& dice) {
  for (int index_limit : {0, 4, 2, 1}) {
    std::vector<Tensor> inputs = draw_inputs(match, DataKind::kPlain, index_limit, dice);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (i < match.promises.size() && !match.promises[i].empty()) {
        draw_whole_numbers(inputs[i], whole_numbers(match.promises[i]), dice);
        continue;
      }
      DType dtype = inputs[i].type().dtype;
      if (dtype == DType::kBool || (!is_float(dtype) && index_limit > 0)) continue;
      for (std::int64_t k = 0; k < inputs[i].count(); ++k) {
        inputs[i].set(k, is_float(dtype) ? Scalar::of(dtype, float_value(data, dice))
                                         : Scalar::of_int(dtype, integer_value(dtype, dice)));
      }
    }
    try {
      return evaluate(match.graph, inputs);
    } catch (const ShapeError&) {  // an index out of range: smaller ones
    }
  }
  return std::nullopt;
}

bool same(const Scalar& l, const Scalar& r, NumericClass numeric) {
  if (l == r) return true;
  if (!is_float(l.dtype)) return false;
  double a = l.as_double(), b = r.as_double();
  if (std::isnan(a) && std::isnan(b)) return true;
  if (numeric == NumericClass::kBits) return false;
  if (a == 0 && b == 0) return true;
  if (numeric == NumericClass::kSigns) return false;
  if (numeric == NumericClass::kFinite) return !std::isfinite(a);
  if (!std::isfinite(a) && !std::isfinite(b)) return true;  // a pole of both sides
  if (!std::isfinite(a) || !std::isfinite(b)) return false;
  double unit = l.dtype == DType::kF64 ? 1e-9 : 1e-3;
  return std::fabs(a - b) <= unit * (1 + std::fabs(a) + std::fabs(b));
}

std::string difference(const std::vector<Tensor>& roots, const RuleInstance& match,
                       NumericClass numeric) {
  for (std::size_t pair = 0; 2 * pair + 1 < roots.size(); ++pair) {
    const Tensor& left = roots[2 * pair];
    const Tensor& right = roots[2 * pair + 1];
    if (!(left.type() == right.type())) return "the sides have different types";
    for (std::int64_t i = 0; i < left.count(); ++i) {
      if (same(left.at(i), right.at(i), numeric)) continue;
      return format("{} against {}, {} inputs", tensor_text(left), tensor_text(right),
                    match.graph.inputs().size());
    }
  }
  return "";
}

std::vector<Plan> plans(NumericClass numeric) {
  std::vector<Plan> out = {{DType::kF64, Data::kSmallIntegers, 10},
                           {DType::kI8, Data::kSmallIntegers, 6},
                           {DType::kI64, Data::kSmallIntegers, 4},
                           {DType::kBool, Data::kSmallIntegers, 3}};
  if (numeric <= NumericClass::kFinite) out.push_back({DType::kF32, Data::kNormal, 8});
  if (numeric <= NumericClass::kSigns) out.push_back({DType::kF32, Data::kSpecial, 8});
  return out;
}

void judge_direction(const Rewrite& rewrite, std::uint64_t seed, Verdict& verdict) {
  InstanceMaker maker(rewrite);
  Dice dice(seed ^ 0x9e3779b97f4a7c15ull);
  for (const Plan& plan : plans(rewrite.numeric)) {
    bool fits = false;
    for (std::size_t p = 0; p < size_palettes().size(); ++p) {
      InstanceOptions options{plan.dtype, size_palettes()[p], p == 4 ? 5 : 4, 2048};
      for (int i = 0; i < plan.matches; ++i) {
        int attempts = fits || plan.dtype == DType::kF64 ? 400 : 60;
        auto match = maker.make(options, dice, attempts);
        if (!match) break;
        fits = true;
        for (int draw = 0; draw < 3; ++draw) {
          auto roots = evaluate_once(*match, plan.data, dice);
          if (!roots) continue;
          ++verdict.matches;
          verdict.difference = difference(*roots, *match, rewrite.numeric);
          if (!verdict.difference.empty()) return;
        }
      }
      if (!fits && p >= 2) break;
    }
  }
}

}  // namespace

Verdict judge(const Rule& rule, std::uint64_t seed) {
  Verdict verdict;
  for (const Rewrite& rewrite : rule.rewrites) {
    try {
      judge_direction(rewrite, seed, verdict);
    } catch (const RuleError& error) {  // the right side is ill-typed on a match
      verdict.difference = error.what();
    }
    if (!verdict.difference.empty()) break;
  }
  return verdict;
}

}  // namespace bafe::verifier
