#pragma once
/// Internal: the functions of the expression language at generic sizes.

#include <map>
#include <string>

#include "expr_reader.h"

namespace bafe::generic {

using Call = const AttrExpr&;

ExprTerm truth_term(Truth value);
/// An index that counts from the end where it is negative.
inline IntTerm from_end(IntTerm i, IntTerm length) { return choose(less(i, 0), i + length, i); }

/// The functions of the language, by name.
struct ExprFunctions {
  using Function = ExprTerm (*)(ExprReader& r, Call call);
  enum Step { kAdd, kSub, kMul, kMin, kMax, kExactDiv };

  static ExprTerm shape(ExprReader& r, Call call) { return list_term(r.type_arg(call).shape); }
  static ExprTerm rank(ExprReader& r, Call call) { return int_term(r.type_arg(call).shape.length); }
  static ExprTerm entry(ExprReader& r, const IntList& list, IntTerm i) {
    IntTerm place = from_end(i, list.length);
    r.need(in_range(place, list.length));
    return int_term(list.at(place));
  }
  static ExprTerm dim(ExprReader& r, Call call) {
    return entry(r, r.type_arg(call).shape, r.int_arg(call, 1));
  }
  static ExprTerm at(ExprReader& r, Call call) {
    return entry(r, r.list_arg(call, 0), r.int_arg(call, 1));
  }
  static ExprTerm dtype(ExprReader& r, Call call) {
    ExprTerm out;
    out.kind = ExprTerm::kDType;
    if (call.args[0].kind == AttrExpr::kValueVar) {
      out.dtype = r.type_arg(call).dtype;
    } else {
      ExprTerm scalar = r.read(call.args[0]);
      if (scalar.kind != ExprTerm::kScalar || scalar.dtype.variable < 0) {
        throw NotRepresentable("the dtype of a scalar that is not known");
      }
      out.dtype = scalar.dtype;
    }
    return out;
  }
  static ExprTerm constant(ExprReader& r, Call call) {
    ExprTerm out;
    out.kind = ExprTerm::kScalar;
    bool value = call.args[0].kind == AttrExpr::kValueVar;
    if (value) out.scalar = r.source_.constant(call.args[0].variable);
    if (!out.scalar) throw NotRepresentable("the constant of a term that is not known");
    out.dtype = r.type_arg(call).dtype;
    return out;
  }
  static ExprTerm equals(ExprReader& r, Call call) {
    ExprTerm a = r.read(call.args[0]), b = r.read(call.args[1]);
    if (a.kind == ExprTerm::kInt && b.kind == ExprTerm::kInt) {
      return truth_term(equal(a.integer, b.integer));
    }
    if (a.kind != ExprTerm::kList || b.kind != ExprTerm::kList) {
      throw NotRepresentable("a comparison of other things than integers and lists");
    }
    IntList x = a.list, y = b.list;
    Truth entries = for_each(x.length, [x, y](IntTerm t) { return equal(x.at(t), y.at(t)); });
    return truth_term(both(equal(x.length, y.length), entries));
  }
  static ExprTerm is_less(ExprReader& r, Call call) {
    return truth_term(less(r.int_arg(call, 0), r.int_arg(call, 1)));
  }
  static ExprTerm is_at_most(ExprReader& r, Call call) {
    return truth_term(at_most(r.int_arg(call, 0), r.int_arg(call, 1)));
  }
  static ExprTerm divides(ExprReader& r, Call call) {
    IntTerm a = r.int_arg(call, 0), b = r.int_arg(call, 1);
    r.need(negation(equal(a, 0)));
    return truth_term(equal(b, a * applied("exact_div", {b, a})));
  }
  static ExprTerm conjunction(ExprReader& r, Call call) {
    std::vector<Truth> parts;
    for (std::size_t i = 0; i < call.args.size(); ++i) parts.push_back(r.truth_arg(call, i));
    return truth_term(all_of(parts));
  }
  /// An argument without a value counts as false here.
  static ExprTerm disjunction(ExprReader& r, Call call) {
    std::vector<Truth> parts;
    for (std::size_t i = 0; i < call.args.size(); ++i) {
      ExprReader inner(r.source_, r.dtypes_);
      Truth part = inner.truth_arg(call, i);
      Claims& claims = inner.defined;
      if (!claims.for_all.empty() || !claims.axes.empty() || !claims.permutations.empty()) {
        throw NotRepresentable("a choice of conditions that may have no value");
      }
      for (Truth fact : claims.facts) part = both(part, fact);
      parts.push_back(part);
    }
    return truth_term(any_of(parts));
  }
  static ExprTerm opposite(ExprReader& r, Call call) {
    return truth_term(negation(r.truth_arg(call, 0)));
  }
  template <int step>
  static ExprTerm fold(ExprReader& r, Call call) {
    return r.fold(call, step);
  }

  static ExprTerm list(ExprReader& r, Call call);
  static ExprTerm append(ExprReader& r, Call call);
  static ExprTerm length(ExprReader& r, Call call);
  static ExprTerm part(ExprReader& r, Call call);
  static ExprTerm gather(ExprReader& r, Call call);
  static ExprTerm put(ExprReader& r, Call call);
  static ExprTerm iota(ExprReader& r, Call call);
  static ExprTerm sort(ExprReader& r, Call call);
  static ExprTerm prod(ExprReader& r, Call call);
  static IntTerm count_of(const IntPredicate& has);
  static ExprTerm minus(ExprReader& r, Call call);
  static ExprTerm join(ExprReader& r, Call call);
  static ExprTerm inverse(ExprReader& r, Call call);
  static ExprTerm swap_last(ExprReader& r, Call call);
  static ExprTerm subset(ExprReader& r, Call call);
  static ExprTerm disjoint(ExprReader& r, Call call);

  static const std::map<std::string, Function>& table();
};

}  // namespace bafe::generic
