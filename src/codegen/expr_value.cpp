// Comes in: value construction and whole-tree rewrites. Goes out: nodes of the same pool.
// Invariant: a rewrite goes through the constructors, so its result is as canonical as if it had
// been built so.

#include "bafe/base/error.h"
#include "bafe/codegen/expr.h"

namespace bafe {

Ex ExprPool::of_index(Ex index, DType dtype) {
  if (is_constant(index)) return constant(Scalar::of_int(dtype, node(index).number));
  ExNode n;
  n.kind = ExKind::kOfIndex;
  n.dtype = dtype;
  n.args = {index};
  return intern(std::move(n));
}

Ex ExprPool::constant(Scalar value) {
  ExNode n;
  n.kind = ExKind::kConst;
  n.dtype = value.dtype;
  n.bits = value.bits;
  return intern(std::move(n));
}

Ex ExprPool::load(int buffer, DType dtype, Ex index) {
  ExNode n;
  n.kind = ExKind::kLoad;
  n.dtype = dtype;
  n.number = buffer;
  n.args = {index};
  return intern(std::move(n));
}

Ex ExprPool::prim(Prim prim, DType dtype, std::vector<Ex> args) {
  if (prim == Prim::kSelect && is_constant(args[0]))
    return node(args[0]).bits != 0 ? args[1] : args[2];
  if (dtype == DType::kBool && args.size() == 2 && is_constant(args[0]) && is_constant(args[1])) {
    bool a = node(args[0]).bits != 0, b = node(args[1]).bits != 0;
    if (prim == Prim::kAnd) return truth(a && b);
    if (prim == Prim::kOr) return truth(a || b);
  }
  if (prim == Prim::kAnd || prim == Prim::kOr) {
    for (int i = 0; i < 2; ++i) {
      auto at = static_cast<std::size_t>(i);
      if (!is_constant(args[at]) || node(args[at]).dtype != DType::kBool) continue;
      bool decides = (node(args[at]).bits != 0) == (prim == Prim::kOr);
      if (decides) return args[at];
      if (node(args[1 - at]).dtype == DType::kBool) return args[1 - at];
    }
  }
  if (prim == Prim::kNot && is_constant(args[0])) return truth(node(args[0]).bits == 0);
  ExNode n;
  n.kind = ExKind::kPrim;
  n.prim = prim;
  n.dtype = dtype;
  n.args = std::move(args);
  return intern(std::move(n));
}

Ex ExprPool::cast(Ex value, DType dtype) {
  const ExNode& v = node(value);
  if (v.dtype == dtype) return value;
  if (v.kind == ExKind::kConst) return constant(Scalar{v.dtype, v.bits}.cast(dtype));
  ExNode n;
  n.kind = ExKind::kCast;
  n.dtype = dtype;
  n.args = {value};
  return intern(std::move(n));
}

Ex ExprPool::round(Ex value, DType dtype) {
  const ExNode& v = node(value);
  bool exact = v.kind == ExKind::kConst || v.kind == ExKind::kLoad || v.kind == ExKind::kRound;
  if (exact && v.dtype == dtype) return value;
  ExNode n;
  n.kind = ExKind::kRound;
  n.dtype = dtype;
  n.args = {value};
  return intern(std::move(n));
}

Ex ExprPool::local(int number, DType dtype, std::uint64_t free) {
  ExNode n;
  n.kind = ExKind::kLocal;
  n.dtype = dtype;
  n.number = number;
  n.free = free;
  return intern(std::move(n));
}

Ex ExprPool::reduce(ReduceKind kind, DType dtype, std::vector<int> vars, Ex body) {
  ExNode n;
  n.kind = ExKind::kReduce;
  n.reduce = kind;
  n.dtype = dtype;
  n.vars = std::move(vars);
  n.args = {body};
  return intern(std::move(n));
}

/// Two bound variables that became quotient and remainder of one are that one.
std::vector<int> ExprPool::renamed(const std::vector<int>& vars, const Binding& binding) const {
  std::vector<int> result;
  for (int v : vars) {
    auto it = binding.find(v);
    if (it == binding.end()) {
      result.push_back(v);
    } else if (node(it->second).kind == ExKind::kModulo) {
      result.push_back(static_cast<int>(node(node(it->second).args[0]).number));
    }
  }
  return result;
}

Ex ExprPool::rewrite(Ex e, const Binding& binding, NodeMap& memo) {
  if (auto it = memo.find(e.id); it != memo.end()) return it->second;
  ExNode n = node(e);  // a copy: rebuilding grows the table
  std::vector<Ex> args;
  for (Ex a : n.args) args.push_back(rewrite(a, binding, memo));
  Ex result = e;
  switch (n.kind) {
    case ExKind::kVar:
      if (auto it = binding.find(static_cast<int>(n.number)); it != binding.end())
        result = it->second;
      break;
    case ExKind::kLinear:
      result = integer(n.number);
      for (auto [atom, c] : n.terms) result = add(result, scale(rewrite(atom, binding, memo), c));
      break;
    case ExKind::kProduct:
      result = args[0];
      for (std::size_t i = 1; i < args.size(); ++i) result = mul(result, args[i]);
      break;
    case ExKind::kQuotient:
      result = n.number == 0 ? quotient(args[0], args[1]) : quotient(args[0], n.number);
      break;
    case ExKind::kModulo:
      result = n.number == 0 ? modulo(args[0], args[1]) : modulo(args[0], n.number);
      break;
    case ExKind::kToIndex:
      result = to_index(args[0]);
      break;
    case ExKind::kLookup:
      result = n.number < 0 ? lookup(args[0], args[1]) : lookup(args[0], n.number);
      break;
    case ExKind::kPick:
      result = pick(args[0], args[1], args[2]);
      break;
    case ExKind::kLess:
      result = less(args[0], args[1]);
      break;
    case ExKind::kSame:
      result = same(args[0], args[1]);
      break;
    case ExKind::kOfIndex:
      result = of_index(args[0], n.dtype);
      break;
    case ExKind::kLoad:
      result = load(static_cast<int>(n.number), n.dtype, args[0]);
      break;
    case ExKind::kPrim:
      result = prim(n.prim, n.dtype, std::move(args));
      break;
    case ExKind::kCast:
      result = cast(args[0], n.dtype);
      break;
    case ExKind::kRound:
      result = round(args[0], n.dtype);
      break;
    case ExKind::kReduce:
      result = reduce(n.reduce, n.dtype, renamed(n.vars, binding), args[0]);
      break;
    case ExKind::kConst:
    case ExKind::kLocal:
    case ExKind::kSize:
      break;
  }
  memo.emplace(e.id, result);
  return result;
}

Ex ExprPool::substitute(Ex e, const Binding& binding) {
  NodeMap memo;
  return rewrite(e, binding, memo);
}

Ex ExprPool::replace(Ex e, const NodeMap& nodes) {
  NodeMap memo = nodes;
  return rewrite(e, {}, memo);
}

std::vector<Ex> ExprPool::reachable(const std::vector<Ex>& roots) const {
  std::vector<Ex> order;
  std::vector<char> seen(nodes_.size(), 0);
  std::vector<std::pair<Ex, bool>> stack;
  for (auto it = roots.rbegin(); it != roots.rend(); ++it) stack.emplace_back(*it, false);
  while (!stack.empty()) {
    auto [e, done] = stack.back();
    stack.pop_back();
    if (done) {
      order.push_back(e);
      continue;
    }
    if (seen[e.id]) continue;
    seen[e.id] = 1;
    stack.emplace_back(e, true);
    for (Ex a : node(e).args) stack.emplace_back(a, false);
    for (auto& term : node(e).terms) stack.emplace_back(term.first, false);
  }
  return order;
}

}  // namespace bafe
