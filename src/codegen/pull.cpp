// Comes in: a value and index expressions. Goes out: one expression over loads. Invariant: every
// load stays inside its buffer for all values of the loop variables; a read that only a condition
// protects loads element 0 when the condition fails.

#include "bafe/codegen/pull.h"

#include <algorithm>
#include <cstdlib>

#include "bafe/base/error.h"
#include "bafe/ir/op.h"

namespace bafe {
namespace {

bool is_half(DType dtype) { return is_float(dtype) && dtype_info(dtype).bits == 16; }

/// Prims whose result needs no rounding when the operands needed none.
bool is_exact(Prim prim) {
  switch (prim) {
    case Prim::kNeg:
    case Prim::kAbs:
    case Prim::kMin:
    case Prim::kMax:
    case Prim::kSelect:
    case Prim::kFloor:
    case Prim::kCeil:
    case Prim::kRint:
      return true;
    default:
      return false;
  }
}

bool is_comparison(Prim p) { return p == Prim::kLt || p == Prim::kLe || p == Prim::kEq; }
bool is_logic(Prim p) {
  return p == Prim::kAnd || p == Prim::kOr || p == Prim::kXor || p == Prim::kNot;
}
/// Does the tree only pick and compare, so that no value in it needs rounding?
bool is_exact_tree(const Element& tree) {
  const Prim prim = tree->prim;
  if (prim == Prim::kArg) return true;
  if (prim == Prim::kLiteral) return tree->literal == static_cast<int>(tree->literal);
  if (!is_exact(prim) && !is_comparison(prim) && !is_logic(prim)) return false;
  return std::all_of(tree->args.begin(), tree->args.end(), is_exact_tree);
}
/// Does the index take a value more than once while its variables run, as windows do?
bool overlaps(const ExprPool& pool, Ex index) {
  const ExNode& n = pool.node(index);
  for (const auto& [slow, wide] : n.terms) {
    for (const auto& [fast, narrow] : n.terms) {
      const ExNode& f = pool.node(fast);
      const bool nests = std::abs(wide) > std::abs(narrow) * (f.hi - f.lo);
      const bool other = slow != fast && std::abs(wide) >= std::abs(narrow);
      if (other && !nests && pool.node(slow).hi > pool.node(slow).lo && f.hi > f.lo) return true;
    }
  }
  return false;
}
bool is_test(Prim p) { return p == Prim::kIsNan || p == Prim::kIsFinite; }

}  // namespace

void Puller::bind(ValueId value, std::vector<Ex> indices, Ex known) {
  bound_values_[value] = {std::move(indices), known};
}

Ex Puller::value(ValueId id, const std::vector<Ex>& indices) {
  if (auto it = bound_values_.find(id); it != bound_values_.end()) {
    if (it->second.first != indices) failed_ = true;
    asked_ = indices;
    return it->second.second;
  }
  if (any_.valid() && id == any_) {
    if (asked_ && *asked_ != indices) failed_ = true;
    asked_ = indices;
    return any_value_;
  }
  if (const Source* source = source_of_(id)) return load(*source, id, indices);
  return computed(id, indices);
}

Ex Puller::computed(ValueId id, const std::vector<Ex>& indices) {
  std::pair<std::uint64_t, std::vector<Ex>> key{std::uint64_t{guard_.id} << 32 | id.index(),
                                                indices};
  if (auto it = memo_.find(key); it != memo_.end()) return it->second;
  const Node& node = graph_.node(id);
  const OpInfo& info = op_info(node.op);
  Ex result;
  switch (info.kind) {
    case OpKind::kPointwise:
      result = pointwise(node, info, indices);
      break;
    case OpKind::kMovement:
    case OpKind::kLayout:
    case OpKind::kReduction:
      result = shaped(id, node, info, indices);
      break;
    case OpKind::kLeaf: {
      bool is_fill = !node.attrs.empty() && std::holds_alternative<Scalar>(node.attrs[0]);
      BAFE_CHECK(is_fill, "inputs and constants have buffers");
      result = pool_.constant(attr_scalar(node.attrs, 0));
      break;
    }
    default:
      needs_buffer_.insert(id);
      result = pool_.constant(Scalar::of_int(node.type.dtype, 0));
  }
  memo_.emplace(std::move(key), result);
  return result;
}

Ex Puller::pointwise(const Node& node, const OpInfo& info, const std::vector<Ex>& indices) {
  Site site{&node, indices, {}, {}};
  for (ValueId operand : node.operands) site.args.push_back(value(operand, indices));
  DType dtype = node.type.dtype;
  Ex result = tree(info.value, dtype, site);
  bool is_cast = info.value->prim == Prim::kCast;
  if (is_half(dtype) && (is_cast || (bits_ && !is_exact_tree(info.value)))) {
    result = pool_.round(result, dtype);
  }
  return result;
}

Ex Puller::shaped(ValueId id, const Node& node, const OpInfo& info,
                  const std::vector<Ex>& indices) {
  std::vector<Type> types;
  for (ValueId operand : node.operands) types.push_back(graph_.type(operand));
  Element meaning = info.element(types, node.attrs, node.type);
  BAFE_CHECK(static_cast<bool>(meaning), "concrete shapes have an element tree");
  // Windows over a padded array: stored once, its elements are read without a condition each time.
  const bool is_window =
      meaning->prim == Prim::kSelect &&
      std::any_of(indices.begin(), indices.end(), [&](Ex index) { return overlaps(pool_, index); });
  if (is_window) {
    needs_buffer_.insert(id);
    return pool_.constant(Scalar::of_int(node.type.dtype, 0));
  }
  Site site{&node, indices, {}, {}};
  Ex result = tree(meaning, node.type.dtype, site);
  if (pool_.node(result).kind == ExKind::kReduce) {
    reductions_.emplace(result.id, id);
    if (is_half(node.type.dtype) && bits_) result = pool_.round(result, node.type.dtype);
  }
  return result;
}

/// A condition that cannot be resolved leaves a clamped, always valid read.
Ex Puller::load(const Source& source, ValueId id, const std::vector<Ex>& indices) {
  const Type& type = graph_.type(id);
  Ex flat = pool_.integer(0);
  bool inside = true;
  for (std::size_t a = 0; a < indices.size(); ++a) {
    const ExNode& n = pool_.node(indices[a]);
    inside = inside && n.lo >= 0 && n.hi < type.shape[a].value();
    flat = pool_.add(flat, pool_.scale(indices[a], source.strides[a]));
  }
  for (Dim size : type.shape) {
    if (size == Dim(0)) return pool_.constant(Scalar::of_int(type.dtype, 0));
  }
  if (!inside && guard_.valid()) flat = pool_.pick(guard_, flat, pool_.integer(0));
  return pool_.load(source.buffer, type.dtype, flat);
}

bool Puller::is_index(const Element& t) const {
  switch (t->prim) {
    case Prim::kIndex:
    case Prim::kBound:
    case Prim::kInteger:
    case Prim::kToIndex:
    case Prim::kLookup:
      return true;
    case Prim::kAdd:
    case Prim::kSub:
    case Prim::kMul:
    case Prim::kFloorDiv:
    case Prim::kMod:
    case Prim::kNeg:
      return is_index(t->args[0]);
    default:
      return false;
  }
}

Ex Puller::index_tree(const Element& t, Site& site) {
  auto arg = [&](std::size_t i) { return index_tree(t->args[i], site); };
  auto number = [&](std::size_t i) {
    Ex e = arg(i);
    BAFE_CHECK(pool_.is_constant(e), "index trees divide by constants");
    return pool_.node(e).number;
  };
  switch (t->prim) {
    case Prim::kIndex:
      return site.indices[static_cast<std::size_t>(t->number)];
    case Prim::kBound:
      return site.bound[static_cast<std::size_t>(t->number)];
    case Prim::kInteger:
      return pool_.integer(t->number);
    case Prim::kAdd:
      return pool_.add(arg(0), arg(1));
    case Prim::kSub:
      return pool_.sub(arg(0), arg(1));
    case Prim::kMul:
      return pool_.mul(arg(0), arg(1));
    case Prim::kNeg:
      return pool_.scale(arg(0), -1);
    case Prim::kFloorDiv:
      return pool_.quotient(arg(0), number(1));
    case Prim::kMod:
      return pool_.modulo(arg(0), number(1));
    case Prim::kToIndex:
      return pool_.to_index(tree(t->args[0], DType::kI64, site));
    case Prim::kLookup:
      return pool_.lookup(arg(0), number(1));
    default:
      break;
  }
  throw InternalError({}, "lower", "not an index tree: " + element_text(t));
}

DType Puller::type_of(const Element& t, DType want, const Site& site) const {
  switch (t->prim) {
    case Prim::kArg:
      return pool_.node(site.args[static_cast<std::size_t>(t->number)]).dtype;
    case Prim::kRead:
      return graph_.type(site.node->operands[static_cast<std::size_t>(t->number)]).dtype;
    case Prim::kSelect:
      return type_of(t->args[1], want, site);
    default:
      break;
  }
  if (is_comparison(t->prim) || is_logic(t->prim) || is_test(t->prim)) return DType::kBool;
  if (t->prim == Prim::kCast || t->prim == Prim::kOfIndex) return want;
  for (const Element& arg : t->args) {
    if (arg->prim != Prim::kLiteral) return type_of(arg, want, site);
  }
  return want;
}

Ex Puller::condition(const Element& t, Site& site) {
  if (is_comparison(t->prim) && is_index(t->args[0])) {
    Ex a = index_tree(t->args[0], site), b = index_tree(t->args[1], site);
    if (t->prim == Prim::kEq) return pool_.same(a, b);
    return pool_.less(a, t->prim == Prim::kLt ? b : pool_.add(b, pool_.integer(1)));
  }
  return tree(t, DType::kBool, site);
}

/// Only the chosen side is read. In pointwise trees both sides are operand values, which exist
/// anyway.
Ex Puller::select(const Element& t, DType want, Site& site) {
  Ex cond = condition(t->args[0], site);
  if (pool_.is_constant(cond)) return tree(t->args[pool_.node(cond).bits != 0 ? 1 : 2], want, site);
  bool reads = op_info(site.node->op).kind != OpKind::kPointwise;
  Ex outer = guard_;
  auto side = [&](std::size_t i, Ex holds) {
    if (reads) {
      guard_ = outer.valid() ? pool_.prim(Prim::kAnd, DType::kBool, {outer, holds}) : holds;
    }
    Ex result = tree(t->args[i], want, site);
    guard_ = outer;
    return result;
  };
  Ex yes = side(1, cond);
  Ex no = side(2, pool_.prim(Prim::kNot, DType::kBool, {cond}));
  return pool_.prim(Prim::kSelect, want, {cond, yes, no});
}

std::vector<int> Puller::bound_vars(const std::vector<Dim>& extents,
                                    const std::vector<Ex>& indices) {
  std::uint64_t taken = guard_.valid() ? pool_.node(guard_).free : 0;
  for (Ex i : indices) taken |= pool_.node(i).free;
  std::vector<std::int64_t> wide;
  for (Dim e : extents) {
    if (e != Dim(1)) wide.push_back(e.value());
  }
  auto fits = [&](const std::vector<int>& vars) {
    std::vector<std::int64_t> sizes;
    for (int v : vars) {
      if (taken >> v & 1) return false;
      if (pool_.extent(v) != 1) sizes.push_back(pool_.extent(v));
    }
    return sizes == wide;
  };
  auto spread = [&](const std::vector<int>& vars) {  // size-1 axes get their own variable
    std::vector<int> result;
    std::size_t next = 0;
    std::vector<int> used;
    for (int v : vars)
      if (pool_.extent(v) != 1) used.push_back(v);
    for (Dim e : extents) result.push_back(e == Dim(1) ? -1 : used[next++]);
    return result;
  };
  std::vector<int> rest;
  for (int v : candidates_) {
    if ((taken >> v & 1) == 0) rest.push_back(v);
  }
  if (!wide.empty() && fits(rest)) return spread(rest);
  for (const std::vector<int>& set : bound_sets_) {
    if (fits(set)) return spread(set);
  }
  std::vector<int> fresh;
  for (std::int64_t size : wide) fresh.push_back(pool_.new_var(size));
  bound_sets_.push_back(fresh);
  return spread(fresh);
}

/// Operators on halves are computed in f32, their numbers too. One that no half can hold is written
/// as the negative of an f32 number, so that the expression around it keeps its type.
Ex Puller::literal(DType dtype, double number) {
  const Scalar rounded = Scalar::of(dtype, number);
  if (!is_half(dtype) || rounded.as_double() == number) return pool_.constant(rounded);
  return pool_.prim(Prim::kNeg, dtype, {pool_.constant(Scalar::of(DType::kF32, -number))});
}

Ex Puller::reduce_tree(const Element& t, DType want, Site& site) {
  std::vector<int> vars = bound_vars(t->extents, site.indices);
  std::vector<Ex> outer = site.bound;
  site.bound.assign(static_cast<std::size_t>(t->number), pool_.integer(0));
  std::vector<int> loops;
  for (int v : vars) {
    site.bound.push_back(v < 0 ? pool_.integer(0) : pool_.var(v));
    if (v >= 0) loops.push_back(v);
  }
  Ex body = tree(t->args[0], type_of(t->args[0], want, site), site);
  site.bound = outer;
  return pool_.reduce(t->reduce, want, std::move(loops), body);
}

Ex Puller::tree(const Element& t, DType want, Site& site) {
  switch (t->prim) {
    case Prim::kArg:
      return site.args[static_cast<std::size_t>(t->number)];
    case Prim::kLiteral:
      return literal(want, t->literal);
    case Prim::kRead: {
      std::vector<Ex> indices;
      for (const Element& i : t->args) indices.push_back(index_tree(i, site));
      return value(site.node->operands[static_cast<std::size_t>(t->number)], indices);
    }
    case Prim::kReduce:
      return reduce_tree(t, want, site);
    case Prim::kSelect:
      return select(t, want, site);
    case Prim::kOfIndex:
      return pool_.of_index(index_tree(t->args[0], site), want);
    case Prim::kCast:
      return pool_.cast(tree(t->args[0], type_of(t->args[0], want, site), site), want);
    default:
      return arithmetic(t, want, site);
  }
}

Ex Puller::arithmetic(const Element& t, DType want, Site& site) {
  if (is_comparison(t->prim) && is_index(t->args[0])) return condition(t, site);
  DType operand = want, result = want;
  if (is_comparison(t->prim) || is_test(t->prim)) {
    const Element& first = t->args[0]->prim == Prim::kLiteral ? t->args.back() : t->args[0];
    operand = type_of(first, want, site);
    result = DType::kBool;
  } else if (is_logic(t->prim)) {
    operand = result = DType::kBool;
  }
  std::vector<Ex> args;
  for (const Element& arg : t->args) args.push_back(tree(arg, operand, site));
  return pool_.prim(t->prim, result, std::move(args));
}

}  // namespace bafe
