// In: calls of operators that move elements, at a generic rank. Out: the result's shape as a
// function of the axis, and what the shape rule of the same name in the ir layer asks.
#include "op_meaning.h"

namespace bafe::generic {
namespace {

const IntList& list_field(const GenericCall& call, std::size_t i) { return call.fields[i].list; }

/// 0 <= t < end -> body(t).
IntPredicate within(IntTerm end, IntPredicate body) {
  return [end, body = std::move(body)](IntTerm t) { return implies(in_range(t, end), body(t)); };
}

/// A list of axes whose order is known: without it there is no index map.
void require_axes(const IntList& list) {
  if (!list.has || !list.before || !list.skipped || !list.position) {
    throw NotRepresentable("axes without known order");
  }
}

void claim_sizes(const IntList& shape, Claims& claims) {
  claims.for_all.push_back(
      within(shape.length, [shape](IntTerm t) { return at_most(0, shape.at(t)); }));
}

void claim_axis(IntTerm axis, IntTerm rank, Claims& claims) {
  claims.facts.push_back(in_range(axis, rank));
}

}  // namespace

BAFE_GENERIC_SHAPE(transpose_shape) {
  const IntList x = call.operands[0].type.shape, p = list_field(call, 0);
  claims.permutations.push_back({p, x.length});
  return {call.operands[0].type.dtype,
          shape_of(x.length, [x, p](IntTerm t) { return x.at(p.at(t)); })};
}

BAFE_GENERIC_SHAPE(reshape_shape) {
  const IntList x = call.operands[0].type.shape, s = list_field(call, 0);
  claims.facts.push_back(equal(product_of(x), product_of(s)));
  claim_sizes(s, claims);
  return {call.operands[0].type.dtype, s};
}

BAFE_GENERIC_SHAPE(broadcast_shape) {
  const IntList x = call.operands[0].type.shape, s = list_field(call, 0);
  claims.facts.push_back(equal(x.length, s.length));
  claim_sizes(s, claims);
  claims.for_all.push_back(within(
      x.length, [x, s](IntTerm t) { return either(equal(x.at(t), s.at(t)), equal(x.at(t), 1)); }));
  return {call.operands[0].type.dtype, s};
}

BAFE_GENERIC_SHAPE(expand_dims_shape) {
  const IntList x = call.operands[0].type.shape, a = list_field(call, 0);
  require_axes(a);
  claims.axes.push_back({a, x.length + a.length});
  IntList out = shape_of(x.length + a.length,
                         [x, a](IntTerm t) { return choose(a.has(t), 1, x.at(t - a.before(t))); });
  out.alias = std::make_shared<ShapeAlias>(
      ShapeAlias{x,
                 [a](const IntFunction& index) {
                   return [a, index](IntTerm t) { return index(a.skipped(t)); };
                 },
                 [a](const IntFunction& index, IntTerm t) {
                   return choose(a.has(t), 0, index(t - a.before(t)));
                 }});
  return {call.operands[0].type.dtype, out};
}

BAFE_GENERIC_SHAPE(squeeze_shape) {
  const IntList x = call.operands[0].type.shape, a = list_field(call, 0);
  require_axes(a);
  claims.axes.push_back({a, x.length});
  claims.for_all.push_back(
      within(x.length, [x, a](IntTerm t) { return implies(a.has(t), equal(x.at(t), 1)); }));
  IntList out = shape_of(x.length - a.length, [x, a](IntTerm t) { return x.at(a.skipped(t)); });
  out.alias = std::make_shared<ShapeAlias>(ShapeAlias{
      x,
      [a](const IntFunction& index) {
        return [a, index](IntTerm t) { return choose(a.has(t), 0, index(t - a.before(t))); };
      },
      [a](const IntFunction& index, IntTerm b) { return index(a.skipped(b)); }});
  return {call.operands[0].type.dtype, out};
}

BAFE_GENERIC_SHAPE(slice_shape) {
  const IntList x = call.operands[0].type.shape;
  const IntList start = list_field(call, 0), size = list_field(call, 1), step = list_field(call, 2);
  for (const IntList* list : {&start, &size, &step}) {
    claims.facts.push_back(equal(list->length, x.length));
  }
  claim_sizes(size, claims);
  auto last = [=](IntTerm t) { return start.at(t) + (size.at(t) - 1) * step.at(t); };
  claims.for_all.push_back(within(x.length, [=](IntTerm t) {
    Truth inside = all_of({negation(equal(step.at(t), 0)), in_range(start.at(t), x.at(t)),
                           in_range(last(t), x.at(t))});
    return either(equal(size.at(t), 0), inside);
  }));
  // What follows for every place between, which the solver would not find.
  claims.boxes.push_back([=](IntTerm t, IntTerm v) {
    return implies(both(in_range(t, x.length), in_range(v, size.at(t))),
                   in_range(start.at(t) + step.at(t) * v, x.at(t)));
  });
  claims.points.push_back([=](IntTerm t) { return start.at(t); });
  claims.points.push_back(last);
  return {call.operands[0].type.dtype, size};
}

BAFE_GENERIC_SHAPE(windows_shape) {
  const IntList x = call.operands[0].type.shape, a = list_field(call, 0);
  const IntList window = list_field(call, 1), stride = list_field(call, 2),
                dilation = list_field(call, 3);
  require_axes(a);
  claims.axes.push_back({a, x.length});
  for (const IntList* list : {&window, &stride, &dilation}) {
    claims.facts.push_back(equal(list->length, a.length));
  }
  auto span = [=](IntTerm i) { return (window.at(i) - 1) * dilation.at(i) + 1; };
  claims.for_all.push_back(within(a.length, [=](IntTerm i) {
    Truth fits = at_most(span(i), x.at(a.at(i)));
    Truth empty = both(equal(x.at(a.at(i)), 0), equal(span(i), 1));
    return all_of({at_most(1, window.at(i)), at_most(1, stride.at(i)), at_most(1, dilation.at(i)),
                   either(fits, empty)});
  }));
  return {call.operands[0].type.dtype, shape_of(x.length + a.length, [=](IntTerm t) {
            IntTerm i = a.position(t);
            IntTerm steps = applied("floor_div", {x.at(t) - span(i), stride.at(i)});
            IntTerm count = choose(equal(x.at(t), 0), 0, steps + 1);
            return choose(at_most(x.length, t), window.at(t - x.length),
                          choose(a.has(t), count, x.at(t)));
          })};
}

BAFE_GENERIC_SHAPE(concat_shape) {
  const IntList first = call.operands[0].type.shape;
  IntTerm axis = call.fields[0].integer;
  claim_axis(axis, first.length, claims);
  IntTerm total = 0;
  for (const GenericValue& part : call.operands) {
    total = total + part.type.shape.at(axis);
    claims.dtypes.push_back({call.operands[0].type.dtype, part.type.dtype});
    claim_same_sizes(
        part.type.shape, first, [axis](IntTerm t) { return negation(equal(t, axis)); }, claims);
  }
  return {call.operands[0].type.dtype, shape_of(first.length, [=](IntTerm t) {
            return choose(equal(t, axis), total, first.at(t));
          })};
}

BAFE_GENERIC_SHAPE(pad_shape) {
  const IntList x = call.operands[0].type.shape, low = list_field(call, 0),
                high = list_field(call, 1);
  for (const IntList* list : {&low, &high}) {
    claims.facts.push_back(equal(list->length, x.length));
    claim_sizes(*list, claims);
  }
  claims.dtypes.push_back({call.operands[0].type.dtype, call.fields[2].scalar_dtype});
  return {call.operands[0].type.dtype,
          shape_of(x.length, [=](IntTerm t) { return low.at(t) + x.at(t) + high.at(t); })};
}

BAFE_GENERIC_SHAPE(fill_shape) {
  claim_sizes(list_field(call, 1), claims);
  return {call.fields[0].scalar_dtype, list_field(call, 1)};
}

BAFE_GENERIC_SHAPE(iota_shape) {
  claim_sizes(list_field(call, 1), claims);
  claim_axis(call.fields[2].integer, list_field(call, 1).length, claims);
  return {call.fields[0].dtype, list_field(call, 1)};
}

BAFE_GENERIC_SHAPE(layout_shape) {
  const ShapedType& x = call.operands[0].type;
  claims.facts.push_back(predicate("layout " + call.fields[0].text, {x.shape.length}));
  return x;
}

BAFE_GENERIC_SHAPE(input_shape) {
  (void)claims;
  throw NotRepresentable(std::string(call.info->name) + " is no operator of rules");
}

BAFE_GENERIC_SHAPE(constant_shape) {
  (void)claims;
  throw NotRepresentable(std::string(call.info->name) + " is no operator of rules");
}

}  // namespace bafe::generic
