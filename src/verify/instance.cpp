// In: a rewrite. Out: admitted matches with both sides built. What conditions ask of a variable (a
// constant, a fact, a defining equation) is read off their expressions once, so that tries are
// rarely wasted.
#include "bafe/verify/instance.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bafe/base/format.h"
#include "instance_attempt.h"

namespace bafe {
namespace {

const std::string& function_name(const AttrExpr& call) {
  return attr_functions()[static_cast<std::size_t>(call.function)].name;
}

/// Questions about a type are answered by the graph; everything else that takes a class is a fact.
bool asks_type(const std::string& name) {
  return name == "shape" || name == "rank" || name == "dim" || name == "dtype" ||
         name == "is-float";
}

void collect_promises(const AttrExpr& expr, std::vector<FactPromise>& promises,
                      std::vector<bool>& wants_constant) {
  if (expr.kind != AttrExpr::kCall) return;
  const std::string& name = function_name(expr);
  bool of_class =
      !expr.args.empty() && expr.args[0].kind == AttrExpr::kValueVar && !asks_type(name);
  auto variable = of_class ? static_cast<std::size_t>(expr.args[0].variable) : 0;
  if (of_class && variable < wants_constant.size()) {
    if (name == "const") {
      wants_constant[variable] = true;
    } else {
      FactPromise promise{name, static_cast<std::uint16_t>(variable), {}};
      for (std::size_t i = 1; i < expr.args.size(); ++i)
        promise.args.push_back(expr.args[i].literal);
      promises.push_back(std::move(promise));
    }
  }
  if (name == "not" || name == "or") return;  // not something to bring about
  for (const AttrExpr& arg : expr.args) collect_promises(arg, promises, wants_constant);
}

void collect_definitions(const AttrExpr& expr, std::vector<const AttrExpr*>& definitions) {
  if (expr.kind != AttrExpr::kCall) return;
  const std::string& name = function_name(expr);
  if (name == "and") {
    for (const AttrExpr& arg : expr.args) collect_definitions(arg, definitions);
  }
  if (name != "=" || expr.args.size() != 2 || expr.args[0].kind != AttrExpr::kAttrVar) return;
  auto variable = static_cast<std::size_t>(expr.args[0].variable);
  if (variable < definitions.size()) definitions[variable] = &expr.args[1];
}

}  // namespace

std::uint64_t Dice::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

double Dice::normal() {
  double u = 1.0 - uniform(), v = uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

InstanceMaker::InstanceMaker(const Rewrite& rewrite)
    : rewrite_(rewrite),
      wants_constant_(rewrite.left.class_vars),
      definitions_(rewrite.left.attr_vars, nullptr) {
  for (const AttrExpr& condition : rewrite.conditions) {
    collect_promises(condition, promises_, wants_constant_);
    collect_definitions(condition, definitions_);
  }
  for (const VarEquation& let : rewrite.lets)
    collect_promises(let.value, promises_, wants_constant_);
  for (const RightStep& step : rewrite.right.steps) {
    for (const AttrExpr& field : step.fields) {
      collect_promises(field, promises_, wants_constant_);
    }
    if (step.kind == RightStep::Kind::kSplat) {
      collect_promises(step.value, promises_, wants_constant_);
    }
  }
  for (const VarEquation& equation : rewrite.field_equations) {
    definitions_[equation.var] = &equation.value;
  }
}

bool InstanceMaker::has_constants() const {
  return std::find(wants_constant_.begin(), wants_constant_.end(), true) != wants_constant_.end() ||
         !rewrite_.constant_equations.empty();
}

std::optional<RuleInstance> InstanceMaker::make(const InstanceOptions& options, Dice& dice,
                                                int& attempts) const {
  int limit = attempts;
  for (attempts = 1; attempts <= limit; ++attempts) {
    InstanceAttempt attempt(rewrite_, promises_, wants_constant_, definitions_, options, dice);
    RuleInstance instance;
    if (!attempt.build_left(instance)) continue;
    PromisedSink sink(instance.graph, instance.promises);
    RhsInterpreter interpreter;
    std::vector<TermRef> classes;
    for (ValueId id : instance.classes) classes.push_back(term_of(id));
    if (!interpreter.admits(rewrite_, classes, instance.attrs, sink)) continue;
    std::vector<TermPair> pairs;
    if (!interpreter.build(rewrite_, classes, instance.attrs, sink, pairs)) continue;
    for (const TermPair& pair : pairs) {
      instance.graph.add_root(value_of(pair.left));
      instance.graph.add_root(value_of(pair.right));
    }
    return instance;
  }
  return std::nullopt;
}

std::string tensor_text(const Tensor& tensor) {
  constexpr std::int64_t kShown = 8;
  std::string out = tensor.type().text() + " {";
  for (std::int64_t i = 0; i < tensor.count() && i < kShown; ++i) {
    Scalar s = tensor.at(i);
    std::string number =
        is_float(s.dtype) ? format("{:.9g}", s.as_double()) : format("{}", s.as_int());
    out += (i == 0 ? "" : ", ") + number;
  }
  return out + (tensor.count() > kShown ? ", …}" : "}");
}

}  // namespace bafe
