#pragma once
/// Sums of products with bound index functions: the normal form of elements that hold reductions.
/// A term is  c * sum over K1, K2 … with `guard` of a product of atoms. A bound index K is a total
/// function: on axis t with over(t) = 1 it takes each value in [0, extent(t)) once, elsewhere it is
/// 0. Extremes are sets of parts, each a body over its own bound indices; min(x) is -max(-x).

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../polynomial.h"
#include "form.h"

namespace bafe::generic {

struct Binder {
  std::string name;  ///< of the function symbol; no two binders of a pool share it
  IntTerm end;       ///< number of axes
  IntTerm over;      ///< function term axis -> 1 or 0; 0 outside [0, end)
  IntTerm extent;    ///< function term axis -> size
};

struct SumAtom;
using AtomRef = std::shared_ptr<const SumAtom>;

struct SumFactor {
  AtomRef atom;
  int power = 1;
};

struct SumTerm {
  Rational coefficient = 1;
  std::vector<Binder> binders;
  Truth guard;
  std::vector<SumFactor> factors;
  bool is_settled = false;  ///< brought to the form of SumProver::settled
};
using SumForm = std::vector<SumTerm>;

/// One body of an extreme: its value wherever the guard holds.
struct SumPart {
  std::vector<Binder> binders;
  Truth guard;
  SumForm body;
};

enum class AtomKind : std::uint8_t {
  kRead,     ///< class variable `number` at `index`
  kScalar,   ///< unknown scalar `name`
  kInteger,  ///< the integer `index`
  kCount,    ///< product over all axes t of index(t)
  kInverse,  ///< 1 / forms[0]
  kApply,    ///< prim (and `name`) of forms
  kLargest,  ///< largest value of the parts; there is at least one
  kProduct,  ///< product over parts[0]
  kFirst,    ///< position of the first largest element of parts[0]
  kLibrary,  ///< element at `index` of routine `name` of the matrix that parts[0] writes
};

struct SumAtom {
  AtomKind kind = AtomKind::kRead;
  int number = 0;
  Prim prim = Prim::kLiteral;
  std::string name;
  IntTerm index;  ///< function term (kRead, kCount, kLibrary) or integer (kInteger)
  std::vector<SumForm> forms;
  std::vector<SumPart> parts;
  bool is_truth = false;  ///< 0 or 1, so that its powers are equal
};

SumForm number_form(const Rational& value);
SumForm atom_form(AtomRef atom);
SumForm sum_of(const SumForm& a, const SumForm& b);
SumForm scaled(const SumForm& a, const Rational& factor);
/// Bound indices that both sides use are renamed.
SumForm product_of(const SumForm& a, const SumForm& b);
/// `a` where the condition holds, 0 elsewhere.
SumForm guarded(const SumForm& a, Truth condition);
bool is_number(const SumForm& form, Rational& value);

/// What an index function stands for: `axis` -> integer.
struct IndexValue {
  std::string name;
  IntFunction value;
};
IntTerm substitute(IntTerm term, const std::vector<IndexValue>& values);
Truth substitute(Truth truth, const std::vector<IndexValue>& values);
AtomRef substitute(const AtomRef& atom, const std::vector<IndexValue>& values);
SumForm substitute(const SumForm& form, const std::vector<IndexValue>& values);
SumPart substitute(const SumPart& part, const std::vector<IndexValue>& values);
std::vector<Binder> substitute(std::vector<Binder> binders, const std::vector<IndexValue>& values);
/// The same with new names for its own bound indices.
SumTerm renamed(const SumTerm& term);
SumPart renamed(const SumPart& part);

bool mentions(IntTerm term, const std::string& name);
bool mentions(Truth truth, const std::string& name);
bool mentions(const SumAtom& atom, const std::string& name);
bool mentions(const SumForm& form, const std::string& name);
/// Elsewhere than in the index of a read or of a routine?
bool mentions_beside_indices(const SumAtom& atom, const std::string& name);

std::string text(const SumTerm& term);
std::string text(const SumForm& form);

}  // namespace bafe::generic
