#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>

#include "bafe/base/format.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/eval.h"

namespace bafe {
namespace {

/// One line of numpy_facts.txt.
struct Fact {
  std::string op;
  DType dtype, result;
  std::vector<std::uint64_t> bits;
};

std::vector<Fact> read_facts() {
  std::ifstream file(std::string(BAFE_TEST_SOURCE_DIR) + "/tests/golden/ir/numpy_facts.txt");
  std::vector<Fact> facts;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream in(line);
    Fact fact;
    std::string dtype, result;
    in >> fact.op >> dtype >> result;
    result.pop_back();
    fact.dtype = *dtype_from_text(dtype);
    fact.result = *dtype_from_text(result);
    for (std::string word; in >> word;) fact.bits.push_back(std::stoull(word, nullptr, 16));
    facts.push_back(std::move(fact));
  }
  return facts;
}

Tensor tensor_of(DType dtype, const std::vector<std::uint64_t>& bits) {
  Tensor out(Type{dtype, {static_cast<std::int64_t>(bits.size())}});
  for (std::size_t i = 0; i < bits.size(); ++i)
    out.set(static_cast<std::int64_t>(i), Scalar{dtype, bits[i]});
  return out;
}

/// Distance in units of the last place; 0 for two NaNs and for zeros of either sign.
double ulps(Scalar a, Scalar b) {
  double x = a.as_double(), y = b.as_double();
  if (std::isnan(x) && std::isnan(y)) return 0;
  if (x == y) return 0;
  if (!std::isfinite(x) || !std::isfinite(y)) return INFINITY;
  double unit = a.dtype == DType::kF64 ? 0x1p-52 : a.dtype == DType::kF32 ? 0x1p-23 : 0x1p-10;
  return std::fabs(x - y) / (unit * std::max(std::fabs(x), std::fabs(y)));
}

/// Functions differ between math libraries in the last place; extremes in the sign of zero, which
/// NumPy leaves open.
double allowed_ulps(const OpInfo& info) {
  switch (info.value->prim) {
    case Prim::kExp:
    case Prim::kExpm1:
    case Prim::kLog:
    case Prim::kLog1p:
    case Prim::kSin:
    case Prim::kCos:
    case Prim::kTanh:
      return 2;
    case Prim::kMin:
    case Prim::kMax:
      return 0.5;
    default:
      return 0;
  }
}

/// Integer division by zero is an error here, where NumPy warns and gives 0.
bool divides_by_zero(const Fact& fact, std::uint64_t divisor) {
  return (fact.op == "remainder" || fact.op == "floor_divide") && !is_float(fact.result) &&
         divisor == 0;
}

/// `kept`: of the pairs of values, which ones were run.
Tensor run_fact(const Fact& fact, const std::vector<std::uint64_t>& values,
                std::vector<std::size_t>& kept) {
  const OpInfo& info = op_info(*op_from_text(fact.op));
  Graph graph;
  Builder builder(graph);
  std::vector<Tensor> inputs = {tensor_of(fact.dtype, values)};
  if (info.arity == 2) {
    std::vector<std::uint64_t> left, right;
    for (std::size_t i = 0; i < values.size() * values.size(); ++i) {
      const std::uint64_t divisor = values[i % values.size()];
      if (divides_by_zero(fact, divisor)) continue;
      left.push_back(values[i / values.size()]);
      right.push_back(divisor);
      kept.push_back(i);
    }
    inputs = {tensor_of(fact.dtype, left), tensor_of(fact.dtype, right)};
  }
  std::vector<ValueId> operands;
  for (const Tensor& x : inputs) operands.push_back(graph.add_input({"x", "row", false, x.type()}));
  Attrs attrs;
  if (info.dtype_rule == DTypeRule::kCast) attrs.push_back(fact.result);
  graph.add_root(builder.call(info.op, operands, attrs));
  return evaluate(graph, inputs)[0];
}

TEST(NumpyFacts, HoldOnSpecialValuesOfEveryDtype) {
  std::map<DType, std::vector<std::uint64_t>> values;
  std::vector<Fact> facts = read_facts();
  ASSERT_GT(facts.size(), 200u);
  for (const Fact& fact : facts) {
    if (fact.op == "values") {
      values[fact.dtype] = fact.bits;
      continue;
    }
    SCOPED_TRACE(
        format("{} {} -> {}", fact.op, dtype_info(fact.dtype).name, dtype_info(fact.result).name));
    std::vector<std::size_t> kept;
    Tensor out = run_fact(fact, values[fact.dtype], kept);
    if (kept.empty()) {
      kept.resize(fact.bits.size());
      std::iota(kept.begin(), kept.end(), std::size_t{0});
    }
    ASSERT_EQ(out.type().dtype, fact.result);
    ASSERT_EQ(out.count(), static_cast<std::int64_t>(kept.size()));
    double allowed = allowed_ulps(op_info(*op_from_text(fact.op)));
    for (std::int64_t i = 0; i < out.count(); ++i) {
      Scalar got = out.at(i), expected{fact.result, fact.bits[kept[static_cast<std::size_t>(i)]]};
      bool same_bits =
          got == expected || (std::isnan(got.as_double()) && std::isnan(expected.as_double()));
      EXPECT_TRUE(same_bits || (allowed > 0 && ulps(got, expected) <= allowed))
          << i << ": " << attr_text(got) << " is not " << attr_text(expected);
    }
  }
}

}  // namespace
}  // namespace bafe
