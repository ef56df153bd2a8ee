// In: calls of matrix operators and of picks by data, at a generic rank. Out: their types and
// elements. An index that is data is an application of a function that only the data decide.
#include "op_meaning.h"

namespace bafe::generic {
namespace {

IntTerm rows(const GenericCall& call, std::size_t k) {
  return size_of(call, k, rank_of(call, k) - 2);
}
IntTerm columns(const GenericCall& call, std::size_t k) {
  return size_of(call, k, rank_of(call, k) - 1);
}

void claim_same_dtype(const GenericCall& call, Claims& claims) {
  claims.dtypes.push_back({call.operands[0].type.dtype, call.operands[1].type.dtype});
}

/// f32 and f64, as numpy.linalg.
void claim_linalg(const GenericCall& call, Claims& claims) {
  std::uint32_t wide = dtypes_where([](DType d) { return is_float(d) && dtype_bytes(d) >= 4; });
  claims.dtypes.push_back({call.operands[0].type.dtype, {}, wide});
  claims.facts.push_back(at_most(2, rank_of(call, 0)));
  claims.facts.push_back(equal(rows(call, 0), columns(call, 0)));
}

void claim_same_batch(const GenericCall& call, Claims& claims) {
  const IntTerm rank = rank_of(call, 0);
  claims.facts.push_back(at_most(2, rank));
  claims.facts.push_back(at_most(2, rank_of(call, 1)));
  claims.facts.push_back(equal(rank, rank_of(call, 1)));
  claim_same_sizes(
      call.operands[0].type.shape, call.operands[1].type.shape,
      [rank](IntTerm t) { return in_range(t, rank - 2); }, claims);
}

IntTerm index_of_data(const FormRef& form, IntTerm rank) {
  if (form->kind == FormKind::kInteger) return form->integer;
  if (form->kind == FormKind::kChoose) {
    return choose(form->condition, index_of_data(form->args[0], rank),
                  index_of_data(form->args[1], rank));
  }
  if (form->kind != FormKind::kRead) throw NotRepresentable("an index that is computed");
  std::string data = "data" + std::to_string(form->number);
  std::int64_t axes = 0;
  if (!is_number(rank, axes) || axes < 1) return applied(data, {form->index});
  std::vector<IntTerm> at;
  for (std::int64_t t = 0; t < axes; ++t) at.push_back(open(form->index, t));
  return applied(data, at);
}

/// A negative index counts from the end.
IntTerm looked_up(const FormRef& form, IntTerm rank, IntTerm extent) {
  IntTerm at = index_of_data(form, rank);
  return choose(less(at, 0), at + extent, at);
}

/// Evaluation fails where an index lies outside; said for lists of indices. Other indices are the
/// same on both sides, or undecided.
void claim_lookups(const GenericCall& call, IntTerm extent, Claims& claims) {
  const GenericValue index = call.operands[1];
  std::int64_t axes = 0;
  if (!is_number(index.type.shape.length, axes) || axes != 1) {
    FormRef place = index.element([](IntTerm t) { return applied("position", {t}); });
    claims.lookups.push_back({generic::text(place), extent, index.type.shape});
    return;
  }
  claims.for_all.push_back([index, extent](IntTerm u) {
    IntTerm at = looked_up(index.element([u](IntTerm) { return u; }), 1, extent);
    return implies(in_range(u, index.type.shape.at(0)), in_range(at, extent));
  });
}

void claim_index_dtype(const GenericCall& call, Claims& claims) {
  std::uint32_t integers = dtypes_where([](DType d) { return is_integer(d); });
  claims.dtypes.push_back({call.operands[1].type.dtype, {}, integers});
}

}  // namespace

BAFE_GENERIC_SHAPE(take_shape) {
  const IntTerm axis = call.fields[0].integer, many = rank_of(call, 1);
  claims.facts.push_back(in_range(axis, rank_of(call, 0)));
  claim_index_dtype(call, claims);
  claim_lookups(call, size_of(call, 0, axis), claims);
  const IntList x = call.operands[0].type.shape, index = call.operands[1].type.shape;
  return {call.operands[0].type.dtype,
          shape_of(x.length - 1 + many, [axis, many, x, index](IntTerm t) {
            return choose(less(t, axis), x.at(t),
                          choose(less(t, axis + many), index.at(t - axis), x.at(t - many + 1)));
          })};
}

BAFE_GENERIC_ELEMENT(take_element) {
  (void)result;
  const IntTerm axis = call.fields[0].integer, many = rank_of(call, 1);
  const IntTerm extent = size_of(call, 0, axis);
  const GenericValue x = call.operands[0], index = call.operands[1];
  return [=](const AxisIndex& at) {
    IntTerm place = looked_up(index.element([&](IntTerm t) { return at(axis + t); }), many, extent);
    return x.element([&](IntTerm t) {
      return choose(less(t, axis), at(t), choose(equal(t, axis), place, at(t + many - 1)));
    });
  };
}

BAFE_GENERIC_SHAPE(gather_shape) {
  const IntTerm axis = call.fields[0].integer, rank = rank_of(call, 0);
  claims.facts.push_back(in_range(axis, rank));
  claims.facts.push_back(equal(rank, rank_of(call, 1)));
  claim_index_dtype(call, claims);
  claim_lookups(call, size_of(call, 0, axis), claims);
  claim_same_sizes(
      call.operands[0].type.shape, call.operands[1].type.shape,
      [=](IntTerm t) { return both(in_range(t, rank), negation(equal(t, axis))); }, claims);
  return {call.operands[0].type.dtype, call.operands[1].type.shape};
}

BAFE_GENERIC_ELEMENT(gather_element) {
  (void)result;
  const IntTerm axis = call.fields[0].integer, rank = rank_of(call, 1);
  const IntTerm extent = size_of(call, 0, axis);
  const GenericValue x = call.operands[0], index = call.operands[1];
  return [=](const AxisIndex& at) {
    IntTerm place = looked_up(index.element(at), rank, extent);
    return x.element([&](IntTerm t) { return choose(equal(t, axis), place, at(t)); });
  };
}

BAFE_GENERIC_SHAPE(same_matrix_shape) {
  claims.facts.push_back(at_most(2, rank_of(call, 0)));
  return call.operands[0].type;
}

BAFE_GENERIC_ELEMENT(tril_element) {
  (void)result;
  const GenericValue x = call.operands[0];
  const IntTerm rank = rank_of(call, 0), k = call.fields[0].integer;
  return [=](const AxisIndex& at) {
    return choose_form(at_most(at(rank - 1), at(rank - 2) + k), x.element(at), literal_form(0));
  };
}

BAFE_GENERIC_ELEMENT(triu_element) {
  (void)result;
  const GenericValue x = call.operands[0];
  const IntTerm rank = rank_of(call, 0), k = call.fields[0].integer;
  return [=](const AxisIndex& at) {
    return choose_form(at_most(at(rank - 2) + k, at(rank - 1)), x.element(at), literal_form(0));
  };
}

BAFE_GENERIC_SHAPE(diag_shape) {
  claims.facts.push_back(equal(rank_of(call, 0), 1));
  const IntTerm k = call.fields[0].integer;
  const IntTerm size = size_of(call, 0, 0) + larger(k, IntTerm(0) - k);
  return {call.operands[0].type.dtype, shape_of(2, [size](IntTerm) { return size; })};
}

BAFE_GENERIC_ELEMENT(diag_element) {
  (void)result;
  const GenericValue v = call.operands[0];
  const IntTerm k = call.fields[0].integer;
  return [=](const AxisIndex& at) {
    IntTerm place = choose(at_most(0, k), at(0), at(1));
    return choose_form(equal(at(0) + k, at(1)), v.element([place](IntTerm) { return place; }),
                       literal_form(0));
  };
}

BAFE_GENERIC_SHAPE(diagonal_shape) {
  const IntTerm rank = rank_of(call, 0), k = call.fields[0].integer;
  claims.facts.push_back(at_most(2, rank));
  const IntTerm m = rows(call, 0), n = columns(call, 0);
  const IntTerm length = larger(choose(at_most(0, k), smaller(m, n - k), smaller(m + k, n)), 0);
  const IntList x = call.operands[0].type.shape;
  return {call.operands[0].type.dtype, shape_of(rank - 1, [=](IntTerm t) {
            return choose(equal(t, rank - 2), length, x.at(t));
          })};
}

BAFE_GENERIC_ELEMENT(diagonal_element) {
  (void)result;
  const GenericValue x = call.operands[0];
  const IntTerm rank = rank_of(call, 0), k = call.fields[0].integer;
  return [=](const AxisIndex& at) {
    IntTerm row = at(rank - 2) + larger(IntTerm(0) - k, 0), column = at(rank - 2) + larger(k, 0);
    return x.element([&](IntTerm t) {
      return choose(equal(t, rank - 1), column, choose(equal(t, rank - 2), row, at(t)));
    });
  };
}

BAFE_GENERIC_SHAPE(matmul_shape) {
  claim_same_dtype(call, claims);
  claim_same_batch(call, claims);
  claims.facts.push_back(equal(columns(call, 0), rows(call, 1)));
  const IntTerm rank = rank_of(call, 0), last = columns(call, 1);
  const IntList a = call.operands[0].type.shape;
  return {call.operands[0].type.dtype,
          shape_of(rank, [=](IntTerm t) { return choose(equal(t, rank - 1), last, a.at(t)); })};
}

namespace {

/// Element of a times b where `a` answers for the left operand.
ElementAt product_element(const ElementAt& a, const GenericCall& call) {
  const GenericValue b = call.operands[1];
  const IntTerm rank = rank_of(call, 0), inner = columns(call, 0);
  return [=](const AxisIndex& at) {
    auto over = [=](IntTerm t) { return equal(t, rank - 1); };
    return fold_form(
        ReduceKind::kSum, rank, over, [inner](IntTerm) { return inner; },
        [&](const AxisIndex& bound) {
          IntTerm k = bound(rank - 1);
          FormRef left = a([&](IntTerm t) { return choose(over(t), k, at(t)); });
          FormRef right =
              b.element([&](IntTerm t) { return choose(equal(t, rank - 2), k, at(t)); });
          return apply_form(Prim::kMul, {left, right});
        });
  };
}

}  // namespace

BAFE_GENERIC_ELEMENT(matmul_element) {
  (void)result;
  return product_element(call.operands[0].element, call);
}

BAFE_GENERIC_SHAPE(solve_shape) {
  claim_same_dtype(call, claims);
  claim_linalg(call, claims);
  claim_same_batch(call, claims);
  claims.facts.push_back(equal(rows(call, 0), rows(call, 1)));
  return call.operands[1].type;
}

BAFE_GENERIC_SHAPE(square_float_shape) {
  claim_linalg(call, claims);
  return call.operands[0].type;
}

/// A library routine: an unknown function of the whole stack of matrices. A system is solved by
/// the inverse of its matrix, over the reals.
ElementAt library_element(const GenericCall& call) {
  const GenericValue a = call.operands[0];
  const bool system = call.operands.size() == 2;
  const std::string name = system ? "inv" : std::string(call.info->name);
  ElementAt routine = [=](const AxisIndex& at) {
    return library_form(name, a.type.shape.length, a.type.shape.at, a.element, at);
  };
  return system ? product_element(routine, call) : routine;
}

}  // namespace bafe::generic
