// The replay. In: a certificate. Out: whether every step is what it claims to be, and whether the
// steps make each root of the traced program equal to the chosen one. Invariant: two terms share a
// class only when a step that was replayed, or congruence, makes them equal.
#include "bafe/check/check.h"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/builder.h"
#include "bafe/ir/error_factor.h"
#include "bafe/ir/eval.h"
#include "bafe/ir/specials.h"
#include "certificate.h"
#include "rule_step.h"
#include "term_classes.h"

namespace bafe {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20, kMostLeaves = std::size_t{1} << 16,
                      kMostWork = std::size_t{1} << 26;
constexpr int kMostDepth = 10'000;                            // of recursion
enum { kBits, kFiniteClass = 2, kRealsClass, kDomainClass };  // places in numeric_words()

double count_of(const Shape& shape) {
  return is_concrete(shape) ? static_cast<double>(num_elements(shape).value()) : 0x1p62;
}

class Replay {
 public:
  Replay(RuleBook& rules, CertificateVerdict& verdict) : rules_(rules), verdict_(verdict) {}

  void run(std::string_view text) {
    const std::string_view version = "bafe-certificate 1\n";
    if (text.size() > kMostBytes || text.rfind(version, 0) != 0)
      fail("no certificate of version 1");
    std::size_t begin = version.size();
    for (line_ = 2; begin < text.size() && !ended_; ++line_) {
      std::size_t end = std::min(text.find('\n', begin), text.size());
      CertificateLine words;
      for (std::size_t at = begin; at < end;) {
        std::size_t stop = std::min({text.find(' ', at), end});
        if (stop > at) words.push_back(text.substr(at, stop - at));
        at = stop + 1;
      }
      if (!words.empty()) sentence(words);
      begin = end + 1;
    }
    if (!ended_ || begin < text.size()) fail("the certificate does not end with \"end\"");
  }

 private:
  using Step = void (Replay::*)(const CertificateLine&);

  void sentence(const CertificateLine& words) {
    if (blocks_.empty() && words[0] != "block") return header(words);
    if (words[0] == "block" || words[0] == "end") return next_block(words[0] == "end");
    static const std::pair<std::string_view, Step> kSteps[] = {{"rule", &Replay::rule},
                                                               {"compute", &Replay::compute},
                                                               {"ac", &Replay::regroup},
                                                               {"define", &Replay::define},
                                                               {"instance", &Replay::instance}};
    if (words[0] == "written" || words[0] == "chosen") return roots(words);
    for (const auto& [name, step] : kSteps) {
      if (words[0] != name) continue;
      if (!classes_ || words.size() < 3) fail("a step stands before the roots or is too short");
      ++verdict_.steps;
      return (this->*step)(words);
    }
    if (classes_) fail(format("there is no step {}", words[0]));
    block().add_term(words, line_);
  }

  [[noreturn]] void fail(std::string reason) { throw CertificateFault{line_, std::move(reason)}; }
  ProofBlock& block() { return *blocks_.back(); }
  ValueId term(std::string_view word) { return block().term(word, line_); }

  void header(const CertificateLine& words) {
    auto has = [&](std::string_view word) {
      return std::find(words.begin() + 1, words.end(), word) != words.end();
    };
    if (words[0] == "math" && words.size() == 2) {
      verdict_.math = words[1];
      if (!has("bits") && !has("reals") && !has("fast")) fail("no such math mode");
    } else if (words[0] == "premises") {
      finite_ = has("finite");
      zeros_ = has("zeros");
    } else if (words[0] == "use" && words.size() == 3) {
      verdict_.rule = words[1];
      const RuleForm* known = rules_.find(verdict_.rule);
      if (!known) fail(format("no rule is called {}", words[1]));
      if (known->hash != words[2]) fail(format("the text of rule {} is another one", words[1]));
      uses_.push_back(known);
      verdict_.rule.clear();
    } else {
      fail("no sentence of the header");
    }
    if (zeros_ && (!finite_ || verdict_.math == "bits")) fail("zeros needs finite, and not bits");
  }

  void roots(const CertificateLine& words) {
    std::vector<ValueId>& into = words[0] == "written" ? block().written : block().chosen;
    if (classes_ || !into.empty()) fail("roots are given twice");
    for (std::size_t i = 1; i < words.size(); ++i) into.push_back(term(words[i]));
    if (words[0] == "written") return;
    if (block().written.size() != into.size()) fail("the programs have other numbers of roots");
    classes_ = std::make_unique<TermClasses>(block().graph, zeros_);
  }

  void next_block(bool end) {
    if (!blocks_.empty()) {
      if (!classes_) fail("a block has no roots");
      for (std::size_t i = 0; i < block().written.size(); ++i) {
        if (!classes_->same(block().written[i], block().chosen[i]))
          fail(format("root {} of the chosen program is not proven equal", i));
      }
      if (classes_->rests_on_finite()) weaken(kFiniteClass);
      classes_.reset();
    }
    if ((ended_ = end)) return finish();
    blocks_.push_back(std::make_unique<ProofBlock>());
  }

  void finish() {
    if (blocks_.empty() || verdict_.math.empty()) fail("there is no program");
    verdict_.traced = verdict_.chosen = block().graph;
    verdict_.traced.set_roots(block().written);
    verdict_.chosen.set_roots(block().chosen);
    std::map<ValueId, double> known;
    for (std::size_t i = 0; i < block().written.size(); ++i) {
      double from = error_factor(block().graph, block().written[i], known);
      double to = error_factor(block().graph, block().chosen[i], known);
      verdict_.error_growth = std::max(i ? verdict_.error_growth : 0, error_growth(from, to));
    }
    if (finite_ && sees_specials(verdict_.traced)) fail("the program tells NaN or Inf apart");
    verdict_.program_class = numeric_words()[static_cast<std::size_t>(weakest_)];
    if (weakest_ >= kFiniteClass)
      verdict_.assumptions.push_back("values that are no longer computed are neither NaN nor Inf");
  }

  void weaken(int to) {
    weakest_ = std::max(weakest_, to);
    int most = verdict_.math == "bits" ? kBits : kDomainClass + (verdict_.math == "fast" ? 1 : 0);
    if (weakest_ > most)
      fail(format("class {} is weaker than math={} allows", numeric_words()[weakest_],
                  verdict_.math));
  }

  void rule(const CertificateLine& words) {
    std::size_t sign = words[1].find_first_of("+-");
    if (words.size() < 4 || sign == std::string_view::npos) fail("no direction");
    const RuleForm& form = *uses_[number_below(words[1].substr(0, sign), uses_.size(), line_)];
    std::string_view place = words[1].substr(sign + 1);
    std::size_t root = place.empty() ? 0 : number_below(place, 64, line_);
    bool forward = words[1][sign] == '+';
    std::vector<ValueId> left;
    for (std::size_t i = 2; i + 1 < words.size(); ++i) left.push_back(term(words[i]));
    ValueId right = term(words.back());
    verdict_.rule = form.name;
    RuleReplay replay(block().graph, *classes_);
    std::string refusal = replay.refusal(form, forward, root, left, right);
    if (!refusal.empty()) fail(format("rule {}: {}", form.name, refusal));
    int numeric = forward ? form.forward : form.backward;
    bool hides = numeric == kFiniteClass || (numeric > kFiniteClass && replay.drops_term());
    std::set<ValueId> looked_at = replay.variables();
    looked_at.insert(replay.matched().begin(), replay.matched().end());
    if (hides && !finite_) {
      for (ValueId looked : looked_at) {
        if (!classes_->is_finite(looked))
          fail(format("rule {}: a value may be NaN or Inf, and the program tells", form.name));
      }
    }
    bool floats = std::any_of(looked_at.begin(), looked_at.end(), [&](ValueId looked) {
      return is_float(block().graph.type(looked).dtype);
    });
    weaken(floats || numeric >= kDomainClass ? numeric : kBits);
    std::map<ValueId, double> known;
    for (ValueId variable : replay.variables()) known[variable] = 0;
    for (ValueId side : {left[root], right}) {
      if (numeric >= kRealsClass) verdict_.error_factor += error_factor(block().graph, side, known);
    }
    verdict_.rule.clear();
    unite(left[root], right);
  }

  void unite(ValueId left, ValueId right) {
    if (!(block().graph.type(left) == block().graph.type(right))) fail("the sides differ in type");
    classes_->merge(left, right);
  }

  /// One operator whose operands are constants, and the constant that it gives.
  void compute(const CertificateLine& words) {
    ValueId left = term(words[1]), right = term(words[2]);
    Node node = block().graph.node(left), value = block().graph.node(right);
    const OpInfo& info = op_info(node.op);
    if (!is_constant_leaf(value) || node.operands.empty() || !(node.type == value.type))
      fail("a computed value is a constant of its type");
    std::vector<Scalar> constants;
    for (ValueId operand : node.operands) {
      std::optional<Scalar> known = classes_->constant_of(operand);
      if (!known) fail("an operand is not constant");
      constants.push_back(*known);
    }
    std::optional<Scalar> made;
    bool all_same = std::equal(constants.begin() + 1, constants.end(), constants.begin());
    if (info.kind == OpKind::kPointwise)
      made = element(node, constants);
    else if (info.kind == OpKind::kMovement && all_same)
      made = moved(node, constants[0]);
    else if (info.kind == OpKind::kReduction && info.reduce == ReduceKind::kSum)
      made = summed(node, constants[0]);
    if (!made || !(*made == attr_scalar(value.attrs, 0))) fail("the value is another one");
    unite(left, right);
  }

  std::optional<Scalar> summed(const Node& node, Scalar constant) {
    const Shape& read = block().graph.type(node.operands[0]).shape;
    if (!is_concrete(read) || !is_float(node.type.dtype)) return std::nullopt;
    weaken(kRealsClass);
    double terms = count_of(read) / std::max(1.0, count_of(node.type.shape));
    return Scalar::of(node.type.dtype, constant.as_double() * terms);
  }

  std::optional<Scalar> element(const Node& node, const std::vector<Scalar>& constants) {
    Graph one;
    std::vector<ValueId> operands;
    for (const Scalar& constant : constants) operands.push_back(one.add_fill(constant, {}));
    try {
      one.add_root(one.add(node.op, std::move(operands), node.attrs));
      return evaluate(one, {})[0].at(0);
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  /// Every element is read from an operand: no mask, no padding of another value.
  std::optional<Scalar> moved(const Node& node, Scalar constant) {
    std::vector<Type> types;
    for (ValueId operand : node.operands) types.push_back(block().graph.type(operand));
    Element tree = op_element(node.op, types, node.attrs, node.type);
    std::function<bool(const Element&)> reads = [&](const Element& e) {
      if (e->prim != Prim::kSelect) return e->prim == Prim::kRead;
      return reads(e->args[1]) && reads(e->args[2]);
    };
    return tree && reads(tree) ? std::optional(constant) : std::nullopt;
  }

  /// Operands of a chain of `op`, left to right, as classes.
  void flatten(ValueId term, Op op, std::vector<std::uint32_t>& out, int depth = 0) {
    const Node& node = block().graph.node(term);
    if (out.size() > kMostLeaves || depth > kMostDepth) fail("a chain is too long");
    if (node.op != op) return out.push_back(classes_->find(term));
    for (ValueId operand : node.operands) flatten(operand, op, out, depth + 1);
  }

  void regroup(const CertificateLine& words) {
    ValueId left = term(words[1]), right = term(words[2]);
    const Node& node = block().graph.node(left);
    std::uint32_t algebra = op_info(node.op).algebra;
    bool rounds = is_float(node.type.dtype) && !(algebra & kAssociates);
    if (!(algebra & (kAssociates | kAssociatesInReals)) || node.operands.size() != 2)
      fail("the operator does not associate");
    std::vector<std::uint32_t> a, b;
    flatten(left, node.op, a);
    flatten(right, node.op, b);
    if (algebra & kCommutes) {
      std::sort(a.begin(), a.end());
      std::sort(b.begin(), b.end());
    }
    if (a != b) fail("the sides have other operands");
    if (rounds) {
      weaken(kRealsClass);
      verdict_.error_factor += 2 * static_cast<double>(a.size());
    }
    unite(left, right);
  }

  /// A layout is the identity on values; a named composite is its definition.
  void define(const CertificateLine& words) {
    ValueId left = term(words[1]), right = term(words[2]);
    Node node = block().graph.node(left);
    OpKind kind = op_info(node.op).kind;
    if (kind == OpKind::kLayout) {
      if (!classes_->same(node.operands[0], right)) fail("a layout has the value of its operand");
    } else if (kind == OpKind::kNamed) {
      Graph one;
      std::vector<ValueId> operands;
      for (ValueId operand : node.operands)
        operands.push_back(one.add_input({"x", "row", false, block().graph.type(operand)}));
      one.add_root(one.add(node.op, operands, node.attrs));
      Graph meaning = flatten_named(one);
      if (substituted(meaning, meaning.roots()[0], node.operands) != right)
        fail("the definition is another one");
    } else {
      fail("only named composites and layouts have definitions");
    }
    unite(left, right);
  }

  /// The term of `from` at `root` with terms of this block in place of its inputs.
  ValueId substituted(const Graph& from, ValueId root, const std::vector<ValueId>& inputs) {
    std::vector<ValueId> made(from.size());
    if ((work_ += from.size()) > kMostWork) fail("templates are used too often");
    for (std::uint32_t i = 0; i <= root.index(); ++i) {
      const Node& node = from.node(ValueId(i));
      if (is_input(node.op)) {
        auto index = static_cast<std::size_t>(attr_int(node.attrs, 0).value());
        if (index >= inputs.size() || !(block().graph.type(inputs[index]) == node.type))
          fail("an input of the template has another type");
        made[i] = inputs[index];
        continue;
      }
      std::vector<ValueId> operands;
      for (ValueId operand : node.operands) operands.push_back(made[operand.index()]);
      made[i] = block().graph.add(node.op, std::move(operands), node.attrs);
    }
    return made[root.index()];
  }

  void instance(const CertificateLine& words) {
    if (words.size() < 5) fail("an instance names block, root and two terms");
    const ProofBlock& used = *blocks_[number_below(words[1], blocks_.size() - 1, line_)];
    std::size_t root = number_below(words[2], used.written.size(), line_);
    ValueId left = term(words[3]), right = term(words[4]);
    std::vector<ValueId> inputs;
    for (std::size_t i = 5; i < words.size(); ++i) inputs.push_back(term(words[i]));
    bool fits = inputs.size() == used.inputs &&
                substituted(used.graph, used.written[root], inputs) == left &&
                substituted(used.graph, used.chosen[root], inputs) == right;
    if (!fits) fail("the terms are no instance of the block");
    unite(left, right);
  }

  RuleBook& rules_;
  CertificateVerdict& verdict_;
  std::vector<const RuleForm*> uses_;
  std::vector<std::unique_ptr<ProofBlock>> blocks_;
  std::unique_ptr<TermClasses> classes_;  // of the block whose steps are read
  std::size_t work_ = 0;
  int line_ = 1, weakest_ = kBits;
  bool finite_ = false, zeros_ = false, ended_ = false;
};

}  // namespace

CertificateVerdict check_certificate(std::string_view text, RuleBook& rules) {
  CertificateVerdict verdict;
  try {
    Replay(rules, verdict).run(text);
    verdict.accepted = true;
  } catch (const CertificateFault& fault) {
    verdict.line = fault.line;
    verdict.reason = fault.reason;
  } catch (const Error& error) {
    verdict.reason = error.what();
  }
  return verdict;
}

}  // namespace bafe
