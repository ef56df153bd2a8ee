// Definition of einsum. In: an equation and operands. Out: nodes of the normal form. Invariant: a
// term is a value with one axis a label, no label twice; axes of size 1 that others stretch are
// gone before two terms meet.
#include "bafe/ir/einsum.h"

#include <algorithm>
#include <map>
#include <set>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/op.h"
#include "einsum_order.h"
#include "op_rules.h"

namespace bafe {
namespace {

using rules_of_ops::with_operands;

/// Labels are letters, or numbers from kEllipsis on for the axes of "...".
constexpr int kEllipsis = 1000;
using Labels = std::vector<int>;

struct Term {
  ValueId value;
  Labels labels;
};

class Einsum {
 public:
  Einsum(Builder& builder, std::string_view equation, std::span<const ValueId> operands)
      : b_(builder), equation_(equation), operands_(operands.begin(), operands.end()) {
    for (ValueId v : operands) types_.push_back(b_.type(v));
  }

  ValueId run() {
    read();
    measure();
    promote_operands();
    std::vector<Term> terms;
    for (std::size_t i = 0; i < operands_.size(); ++i) terms.push_back(simple(i));
    while (terms.size() > 1) {
      const auto [i, j] = next_pair(terms);
      const Labels kept = kept_beside(terms, i, j);
      Term joined = contract(terms[i], terms[j], kept);
      terms[i] = std::move(joined);
      terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(j));
    }
    return finish(summed(terms[0], output_));
  }

 private:
  [[noreturn]] void fail(const std::string& fact, const std::string& fix) const {
    throw with_operands(ShapeError({}, "einsum", format("\"{}\": {}", equation_, fact)), types_)
        .fix(fix);
  }

  static std::string letter(int label) {
    return label >= kEllipsis ? "..." : std::string(1, static_cast<char>(label));
  }

  // Reading -------------------------------------------------------------------------------------
  /// Letters of one side's part; -1 stands for the ellipsis.
  Labels part(const std::string& text) const {
    Labels out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '.') {
        const bool repeats = std::find(out.begin(), out.end(), -1) != out.end();
        if (text.compare(i, 3, "...") != 0 || repeats) {
          fail("a dot is not part of one \"...\"", "write \"...\" once an operand");
        }
        out.push_back(-1);
        i += 2;
      } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        out.push_back(c);
      } else {
        fail(format("'{}' is not a letter", std::string(1, c)),
             "use letters, commas, \"...\" and one \"->\"");
      }
    }
    return out;
  }

  void read() {
    std::string text(equation_);
    std::erase(text, ' ');
    const std::size_t arrow = text.find("->");
    std::vector<std::string> parts(1);
    for (char c : text.substr(0, arrow)) {
      if (c == ',')
        parts.emplace_back();
      else
        parts.back() += c;
    }
    if (parts.size() != operands_.size()) {
      fail(format("names {} operands, {} are given", parts.size(), operands_.size()),
           "give one comma-separated part an operand");
    }
    for (std::size_t i = 0; i < parts.size(); ++i) read_operand(i, part(parts[i]));
    if (arrow == std::string::npos) {
      implicit_output();
    } else {
      read_output(part(text.substr(arrow + 2)));
    }
  }

  void read_operand(std::size_t i, const Labels& names) {
    const int rank = types_[i].rank();
    const bool open = std::find(names.begin(), names.end(), -1) != names.end();
    const int named = static_cast<int>(names.size()) - (open ? 1 : 0);
    if (open ? named > rank : named != rank) {
      fail(format("part {} names {} axes, the operand has {}", i, named, rank),
           "name every axis once, or write \"...\" for the rest");
    }
    Labels labels;
    for (int name : names) {
      if (name >= 0) {
        labels.push_back(name);
        continue;
      }
      for (int k = rank - named; k-- > 0;) labels.push_back(kEllipsis + k);
      ellipsis_ = std::max(ellipsis_, rank - named);
    }
    inputs_.push_back(std::move(labels));
  }

  Labels ellipsis_labels() const {
    Labels out;
    for (int k = ellipsis_; k-- > 0;) out.push_back(kEllipsis + k);
    return out;
  }

  void implicit_output() {
    output_ = ellipsis_labels();
    std::map<int, int> count;
    for (const Labels& labels : inputs_) {
      for (int l : labels) ++count[l];
    }
    for (auto [label, times] : count) {
      if (times == 1 && label < kEllipsis) output_.push_back(label);
    }
  }

  void read_output(const Labels& names) {
    for (int name : names) {
      if (name < 0) {
        const Labels open = ellipsis_labels();
        output_.insert(output_.end(), open.begin(), open.end());
        continue;
      }
      const bool known = std::any_of(inputs_.begin(), inputs_.end(), [&](const Labels& l) {
        return std::find(l.begin(), l.end(), name) != l.end();
      });
      if (!known) {
        fail(format("'{}' of the result is in no operand", letter(name)),
             "name axes of the operands");
      }
      if (std::find(output_.begin(), output_.end(), name) != output_.end()) {
        fail(format("'{}' is in the result twice", letter(name)),
             "name an axis of the result once");
      }
      output_.push_back(name);
    }
    if (ellipsis_ > 0 && std::find(names.begin(), names.end(), -1) == names.end()) {
      fail("the result does not say where the axes of \"...\" go",
           "write \"...\" in the result, or name and sum those axes");
    }
  }

  void measure() {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      for (std::size_t a = 0; a < inputs_[i].size(); ++a) {
        const std::int64_t size = rules_of_ops::known("einsum", "a size", types_[i].shape[a]);
        const auto twin = std::find(inputs_[i].begin(), inputs_[i].end(), inputs_[i][a]);
        if (types_[i].shape[static_cast<std::size_t>(twin - inputs_[i].begin())] != Dim(size)) {
          fail(format("operand {} has no diagonal '{}'", i, letter(inputs_[i][a])),
               "axes of one letter in one operand have one size");
        }
        auto [it, is_new] = sizes_.emplace(inputs_[i][a], size);
        if (is_new || it->second == size || size == 1) continue;
        if (it->second != 1) {
          fail(format("axis {} of operand {} is {}, but '{}' is {} elsewhere", a, i, size,
                      letter(inputs_[i][a]), it->second),
               "axes of one letter have one size, or size 1");
        }
        it->second = size;
      }
    }
  }

  void promote_operands() {
    // The builder finds the common dtype of Python's numbers and arrays; a sum of nothing keeps it.
    ValueId probe = operands_[0];
    for (std::size_t i = 1; i < operands_.size(); ++i) {
      const ValueId pair[] = {scalar(probe), scalar(operands_[i])};
      probe = b_.call(Op::kMul, pair);
    }
    dtype_ = b_.type(probe).dtype;
    for (ValueId& v : operands_) v = b_.cast(v, dtype_);
  }

  /// Any one element type for promotion: the operand without its axes.
  ValueId scalar(ValueId v) {
    const Type& t = b_.type(v);
    return t.rank() == 0 ? v : b_.graph().add_fill(Scalar::of_int(t.dtype, 0), {});
  }

  // Terms ---------------------------------------------------------------------------------------
  std::int64_t size(int label) const { return sizes_.at(label); }
  std::int64_t product(const Labels& labels) const {
    std::int64_t n = 1;
    for (int l : labels) n *= size(l);
    return n;
  }
  static bool has(const Labels& labels, int label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
  }
  static Labels common(const Labels& a, const Labels& b, bool in) {
    Labels out;
    for (int l : a) {
      if (has(b, l) == in) out.push_back(l);
    }
    return out;
  }

  /// An operand with diagonals taken, stretched axes of size 1 dropped, and letters of its own
  /// summed.
  Term simple(std::size_t i) {
    Term term{operands_[i], inputs_[i]};
    List ones;
    Labels labels;
    for (std::size_t a = 0; a < term.labels.size(); ++a) {
      if (types_[i].shape[a] == Dim(1) && size(term.labels[a]) != 1) {
        ones.push_back(static_cast<std::int64_t>(a));
      } else {
        labels.push_back(term.labels[a]);
      }
    }
    if (!ones.empty()) term = {b_.squeeze(term.value, ones), labels};
    for (std::size_t a = 0; a < term.labels.size(); ++a) {
      const auto twin = std::find(term.labels.begin() + static_cast<std::ptrdiff_t>(a) + 1,
                                  term.labels.end(), term.labels[a]);
      if (twin == term.labels.end()) continue;
      diagonal(term, a, static_cast<std::size_t>(twin - term.labels.begin()));
      --a;
    }
    Labels kept = output_;
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      if (k != i) kept.insert(kept.end(), inputs_[k].begin(), inputs_[k].end());
    }
    return summed(term, kept);
  }

  /// Axes `a` and `twin` of size n become one: the first n (n + 1)-th elements of both, flattened.
  void diagonal(Term& term, std::size_t a, std::size_t twin) {
    const std::int64_t n = size(term.labels[a]);
    Labels rest;
    List perm = {static_cast<std::int64_t>(a), static_cast<std::int64_t>(twin)};
    List shape = {n * n};
    for (std::size_t k = 0; k < term.labels.size(); ++k) {
      if (k == a || k == twin) continue;
      rest.push_back(term.labels[k]);
      perm.push_back(static_cast<std::int64_t>(k));
      shape.push_back(size(term.labels[k]));
    }
    ValueId flat = b_.reshape(b_.transpose(term.value, perm), shape);
    List start(shape.size(), Dim(0)), step(shape.size(), Dim(1)), count = shape;
    count[0] = n;
    step[0] = n + 1;
    rest.insert(rest.begin(), term.labels[a]);
    term = {b_.slice(flat, start, count, step), rest};
  }

  Term summed(const Term& term, const Labels& kept) {
    List axes;
    Labels labels;
    for (std::size_t a = 0; a < term.labels.size(); ++a) {
      if (has(kept, term.labels[a]))
        labels.push_back(term.labels[a]);
      else
        axes.push_back(static_cast<std::int64_t>(a));
    }
    if (axes.empty()) return term;
    return {b_.cast(b_.reduce(Op::kReduceSum, term.value, axes, false), dtype_), labels};
  }

  std::pair<std::size_t, std::size_t> next_pair(const std::vector<Term>& terms) const {
    std::vector<Labels> parts;
    for (const Term& t : terms) parts.push_back(t.labels);
    return next_contraction(parts, output_, sizes_);
  }

  Labels kept_beside(const std::vector<Term>& terms, std::size_t i, std::size_t j) const {
    Labels kept = output_;
    for (std::size_t k = 0; k < terms.size(); ++k) {
      if (k != i && k != j) kept.insert(kept.end(), terms[k].labels.begin(), terms[k].labels.end());
    }
    return kept;
  }

  /// The value with its axes in this order; labels that it lacks get size 1.
  ValueId ordered(const Term& term, const Labels& order) {
    List perm, missing;
    for (std::size_t a = 0; a < order.size(); ++a) {
      const auto it = std::find(term.labels.begin(), term.labels.end(), order[a]);
      if (it == term.labels.end())
        missing.push_back(static_cast<std::int64_t>(a));
      else
        perm.push_back(it - term.labels.begin());
    }
    ValueId v = perm.size() > 1 ? b_.transpose(term.value, perm) : term.value;
    return missing.empty() ? v : b_.expand_dims(v, missing);
  }

  Term contract(const Term& x, const Term& y, const Labels& kept) {
    Term a = summed(x, joined(kept, y.labels)), b = summed(y, joined(kept, x.labels));
    const Labels both = common(a.labels, b.labels, true);
    const Labels gone = common(both, kept, false);
    if (!output_.empty() && has(a.labels, output_.back()) && !has(b.labels, output_.back()))
      std::swap(a, b);  // the product then has the result's last axis last
    const Labels batch = sorted_as_output(common(both, kept, true));
    const Labels rows = sorted_as_output(common(a.labels, both, false)),
                 columns = sorted_as_output(common(b.labels, both, false));
    if (gone.empty()) {
      const Labels all = sorted_as_output(joined(joined(batch, rows), columns));
      const ValueId pair[] = {ordered(a, all), ordered(b, all)};
      return {b_.call(Op::kMul, pair), all};
    }
    const ValueId left = matrices(a, {batch, rows, gone}),
                  right = matrices(b, {batch, gone, columns});
    List shape;
    const Labels labels = joined(joined(batch, rows), columns);
    for (int l : labels) shape.push_back(size(l));
    return {b_.reshape(b_.matmul(left, right), shape), labels};
  }

  /// One axis a group of labels; without batch labels a matrix.
  ValueId matrices(const Term& term, const std::vector<Labels>& groups) {
    Labels order;
    List shape;
    for (const Labels& group : groups) {
      order.insert(order.end(), group.begin(), group.end());
      if (&group != &groups[0] || !group.empty()) shape.push_back(product(group));
    }
    return b_.reshape(ordered(term, order), shape);
  }

  static Labels joined(Labels a, const Labels& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  /// Labels of the result in its order, the others behind them as they are.
  Labels sorted_as_output(Labels labels) const {
    std::stable_sort(labels.begin(), labels.end(), [&](int x, int y) {
      return std::find(output_.begin(), output_.end(), x) <
             std::find(output_.begin(), output_.end(), y);
    });
    return labels;
  }

  /// Labels that only axes of size 1 carried are put back, all in the result's order.
  ValueId finish(const Term& term) {
    ValueId v = ordered(term, output_);
    Shape shape;
    for (int l : output_) shape.push_back(size(l));
    return b_.cast(b_.broadcast(v, shape), dtype_);
  }

  Builder& b_;
  std::string equation_;
  std::vector<ValueId> operands_;
  std::vector<Type> types_;
  std::vector<Labels> inputs_;
  Labels output_;
  int ellipsis_ = 0;
  std::map<int, std::int64_t> sizes_;
  DType dtype_ = DType::kF64;
};

}  // namespace

ValueId einsum(Builder& builder, std::string_view equation, std::span<const ValueId> operands,
               const SourceLoc& loc) {
  builder.set_loc(loc);
  try {
    if (operands.empty()) {
      throw ShapeError({}, "einsum", "no operands are given").fix("give at least one array");
    }
    return Einsum(builder, equation, operands).run();
  } catch (Error& error) {
    error.place(loc);
    throw;
  }
}

}  // namespace bafe
