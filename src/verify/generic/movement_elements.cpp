// In: calls of operators that move elements, at a generic rank. Out: the element of the result at a
// generic index, as reads of operands: the index map of each operator, once for all ranks.
#include "op_meaning.h"

namespace bafe::generic {
namespace {

const IntList& list_field(const GenericCall& call, std::size_t i) { return call.fields[i].list; }

/// Reads operand 0 at map(I).
ElementAt moved(const GenericCall& call, std::function<IntTerm(const AxisIndex&, IntTerm)> map) {
  return [x = call.operands[0].element, map = std::move(map)](const AxisIndex& index) {
    return x([map, index](IntTerm axis) { return map(index, axis); });
  };
}

}  // namespace

BAFE_GENERIC_ELEMENT(identity_element) {
  (void)result;
  return call.operands[0].element;
}

BAFE_GENERIC_ELEMENT(transpose_element) {
  (void)result;
  const IntList& p = list_field(call, 0);
  if (!p.inverse) throw NotRepresentable("a permutation without a known inverse");
  return moved(call, [p](const AxisIndex& index, IntTerm b) { return index(p.inverse(b)); });
}

BAFE_GENERIC_ELEMENT(reshape_element) {
  return moved(
      call, [x = call.operands[0].type.shape, s = result.shape](const AxisIndex& index, IntTerm b) {
        return unflatten(x, flatten(s, index), b);
      });
}

BAFE_GENERIC_ELEMENT(broadcast_element) {
  (void)result;
  return moved(call, [x = call.operands[0].type.shape](const AxisIndex& index, IntTerm b) {
    return choose(equal(x.at(b), 1), 0, index(b));
  });
}

BAFE_GENERIC_ELEMENT(expand_dims_element) {
  (void)result;
  return moved(call, [a = list_field(call, 0)](const AxisIndex& index, IntTerm b) {
    return index(a.skipped(b));
  });
}

BAFE_GENERIC_ELEMENT(squeeze_element) {
  (void)result;
  return moved(call, [a = list_field(call, 0)](const AxisIndex& index, IntTerm b) {
    return choose(a.has(b), 0, index(b - a.before(b)));
  });
}

BAFE_GENERIC_ELEMENT(slice_element) {
  (void)result;
  return moved(
      call, [start = list_field(call, 0), step = list_field(call, 2)](
                const AxisIndex& index, IntTerm b) { return start.at(b) + step.at(b) * index(b); });
}

BAFE_GENERIC_ELEMENT(windows_element) {
  (void)result;
  IntTerm rank = rank_of(call, 0);
  return moved(call, [=, a = list_field(call, 0), stride = list_field(call, 2),
                      dilation = list_field(call, 3)](const AxisIndex& index, IntTerm b) {
    IntTerm i = a.position(b);
    IntTerm walked = index(b) * stride.at(i) + index(rank + i) * dilation.at(i);
    return choose(a.has(b), walked, index(b));
  });
}

BAFE_GENERIC_ELEMENT(concat_element) {
  (void)result;
  IntTerm axis = call.fields[0].integer;
  std::vector<GenericValue> parts = call.operands;
  return [=](const AxisIndex& index) {
    FormRef out;
    IntTerm end = 0;
    for (const GenericValue& part : parts) end = end + part.type.shape.at(axis);
    for (std::size_t k = parts.size(); k-- > 0;) {
      IntTerm begin = end - parts[k].type.shape.at(axis);
      FormRef read = parts[k].element(
          [=](IntTerm b) { return choose(equal(b, axis), index(b) - begin, index(b)); });
      out = out ? choose_form(less(index(axis), end), read, out) : read;
      end = begin;
    }
    return out;
  };
}

BAFE_GENERIC_ELEMENT(pad_element) {
  (void)result;
  IntList x = call.operands[0].type.shape, low = list_field(call, 0);
  FormRef value = call.fields[2].scalar;
  return [=, element = call.operands[0].element](const AxisIndex& index) {
    Truth inside =
        for_each(x.length, [=](IntTerm t) { return in_range(index(t) - low.at(t), x.at(t)); });
    FormRef read = element([=](IntTerm b) { return index(b) - low.at(b); });
    return choose_form(inside, read, value);
  };
}

BAFE_GENERIC_ELEMENT(iota_element) {
  (void)result;
  IntTerm axis = call.fields[2].integer;
  return [axis](const AxisIndex& index) { return integer_form(index(axis)); };
}

}  // namespace bafe::generic
