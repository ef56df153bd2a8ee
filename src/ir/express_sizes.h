#pragma once
/// Numbers that vary between samples as polynomials of few symbols. Private to src/ir.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bafe/ir/dim.h"

namespace bafe {

/// A column lists one number's values in all samples. Equal columns are one size.
class ExpressedSizes {
 public:
  /// relates: sizes of arguments may be multiples, sums or products of those before them.
  explicit ExpressedSizes(bool relates) : relates_(relates) {}
  void add_argument(const List& column);
  void add_derived(const List& column);
  /// Chooses the symbols. False where a derived number is no polynomial of the kinds tried.
  bool solve();
  /// Needs solve() and a column that was added, or a constant one.
  Dim of(const List& column) const;
  std::vector<std::string> symbols() const;
  std::string unsolved() const;  ///< values of the number that solve() failed at

 private:
  using Column = std::vector<std::int64_t>;
  struct Symbol {
    Dim dim;
    Column column;
  };
  static std::optional<Column> known(const List& column);
  bool solve_once();
  bool divides(const Column& column);
  std::optional<Dim> express(const Column& column) const;
  std::optional<Dim> multiple(const Column& column) const;
  std::optional<Dim> affine(const Column& column) const;
  std::optional<Dim> pair(const Column& column) const;
  void add_symbol(const Column& column);

  bool relates_;
  std::vector<Column> arguments_, derived_;
  std::vector<Column> divisors_;  ///< columns that stand for arguments which are their multiples
  std::vector<Symbol> symbols_;
  std::map<Column, Dim> dims_;
  Column unsolved_;
};

}  // namespace bafe
