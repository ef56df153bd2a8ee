#pragma once
/// Equality of elements with reductions, for all sizes and ranks. Two sums are equal when a map
/// between their bound indices, guessed from the reads of both, is proven to be a bijection of the
/// domains under which guards and factors agree; two extremes, when every part of one has an equal
/// part of the other at an index in its domain, both ways. What Knowledge does not prove is "no".

#include <string>
#include <vector>

#include "index_leaves.h"

namespace bafe::generic {

/// A promise about the elements of class variable `number`: zero, identity, diagonal, lower, upper,
/// symmetric, orthogonal, positive, nonzero.
struct ReadFact {
  std::string name;
  int number = 0;
};

/// Two reads of an orthogonal matrix at K(at) on axis `shared`; `other` is the other of the last
/// two.
struct OrthogonalPair {
  IntTerm at, shared, other, rank;
};

class SumProver {
 public:
  /// Shapes of class variables.
  SumProver(std::vector<ReadFact> facts, std::function<IntList(int)> shape_of)
      : facts_(std::move(facts)), shape_of_(std::move(shape_of)) {
    rank_of_ = [this](int number) { return shape_of_(number).length; };
  }
  SumProver(const SumProver&) = delete;
  SumProver& operator=(const SumProver&) = delete;

  /// The sum of products of an element.
  SumForm form_of(const FormRef& form, const Knowledge& known);
  bool equal_forms(const SumForm& a, const SumForm& b, const Knowledge& known);
  /// Why the last equality was not shown.
  const std::string& open_question() const { return open_; }

 private:
  // sum_read.cpp
  SumForm read(const Form& form, const Knowledge& known);
  SumForm fold(const Form& form, const Knowledge& known);
  SumForm applied_form(const Form& form, const Knowledge& known);
  SumForm integer_value(IntTerm value, const Knowledge& known);
  /// A product over the entries of a list as one over all axes, where the entries are axes.
  IntTerm factors_of_product(IntTerm product, const Knowledge& known) const;
  SumForm library(const Form& form, const Knowledge& known);
  SumForm inverse_of(const SumForm& form, const Knowledge& known);
  bool has_fact(int number, const char* name) const;
  bool positive(const SumForm& form, const Knowledge& known) const;
  bool positive(const SumAtom& atom, const Knowledge& known) const;
  // sum_extreme.cpp
  SumForm largest(std::vector<SumPart> parts, const Knowledge& known);
  std::vector<SumPart> plain_parts(std::vector<SumPart> parts, const Knowledge& known);
  bool move_bound_out(SumPart& part, const SumAtom& inner, const Knowledge& known);
  SumForm largest_of_one(SumPart part, const Knowledge& known);
  // sum_settle.cpp
  SumForm settled(const SumForm& form, const Knowledge& known);
  bool settle(SumTerm& term, const Knowledge& known);
  bool take_delta(SumTerm& term, const Knowledge& known);
  bool drop_unused(SumTerm& term, std::size_t binder, const Knowledge& known);
  bool cancel_inverses(SumTerm& term, const Knowledge& known);
  bool join_orthogonal(SumTerm& term, const Knowledge& known);
  bool join_at(SumTerm& term, std::size_t i, std::size_t j, std::size_t n,
               const OrthogonalPair& pair, const Knowledge& known);
  void resolve_reads(SumTerm& term, const Knowledge& known);
  // sum_equal.cpp
  bool vanishes(const SumForm& difference, const Knowledge& known, int splits);
  SumForm merged(SumForm terms, const Knowledge& known);
  bool join_guards(SumForm& terms, const Knowledge& known);
  // sum_match.cpp
  bool same_terms(const SumTerm& a, const SumTerm& b, const Knowledge& known);
  bool covered(const SumPart& part, const SumPart& by, const Knowledge& known);
  bool same_atoms(const SumAtom& a, const SumAtom& b, const Knowledge& known);
  bool same_index(IntTerm a, IntTerm b, IntTerm rank, const Knowledge& known);
  bool same_read(const SumAtom& a, const SumAtom& b, const Knowledge& known);
  bool same_firsts(const SumAtom& a, const SumAtom& b, const Knowledge& known);
  bool same_products(const SumAtom& a, const SumAtom& b, const Knowledge& known);
  bool same_libraries(const SumAtom& a, const SumAtom& b, const Knowledge& known);
  bool bijective(const SumTerm& a, const SumTerm& b, const std::vector<IndexValue>& to_b,
                 const std::vector<IndexValue>& to_a, const Knowledge& known);

  std::vector<ReadFact> facts_;
  std::function<IntList(int)> shape_of_;
  std::function<IntTerm(int)> rank_of_;
  std::string open_;
  int depth_ = 0;
};

/// Index functions that occur in an atom, with the number of axes each is asked at and what is
/// read; in order.
struct IndexSite {
  std::string what;
  IntTerm index;
  IntTerm rank;
};
void index_sites(const SumAtom& atom, const std::function<IntTerm(int)>& rank_of,
                 std::vector<IndexSite>& out);
void index_sites(const SumForm& form, const std::function<IntTerm(int)>& rank_of,
                 std::vector<IndexSite>& out);

/// Values for bound indices that make `from` sites read what `to` sites read: the k-th of one and
/// of the other.
std::vector<IndexValue> guessed(const std::vector<Binder>& binders,
                                const std::vector<IndexSite>& from,
                                const std::vector<IndexSite>& to);

}  // namespace bafe::generic
