// In: a program. Out: whether terms of its e-graph mean the same. Even seeds: the e-graph of the
// rules that hold modulo p, whose terms agree there exactly. Odd seeds: the e-graph of all rules
// that the math mode allows, whose terms agree within rounding, or in every bit where bits are
// promised. What differs is followed to the first reason whose two sides differ by themselves.

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/fuzz/oracle.h"
#include "bafe/ir/text.h"
#include "bafe/search/equivalents.h"
#include "fuzz_search.h"
#include "terms.h"

namespace bafe {
namespace {

constexpr int kSets = 2;
constexpr int kMostNodes = 1200;  ///< of an e-graph: 32 terms reach a small part of more

class TermCheck {
 public:
  TermCheck(const FuzzCase& one, bool is_modular)
      : one_(one), is_modular_(is_modular), constants_(fuzz_constants(one.graph)) {
    bits_ = one.settings.math == Math::kBits;
    for (int set = 0; set < kSets; ++set) {
      if (is_modular) residues_.push_back(fuzz_residues(one, set, false));
      inputs_.push_back(fuzz_inputs(one, set));
    }
  }

  /// Empty, or how `term` differs from `written`.
  std::string differ(const Graph& written, const Graph& term) {
    for (const std::vector<ZpTensor>& inputs : residues_) {
      if (std::string found = differ_modulo(written, term, inputs); !found.empty()) return found;
    }
    for (std::size_t set = 0; !is_modular_ && set < inputs_.size(); ++set) {
      if (wanted_.size() <= set) wanted_.push_back(term_values(written, inputs_[set], constants_));
      const std::string found =
          differ_in_floats(written, wanted_[set], term, inputs_[set], constants_, bits_);
      if (!found.empty()) return format("set {}: {}", set, found);
    }
    return {};
  }

  /// The first reason whose sides differ by themselves. Modulo p, floats have the last word: folded
  /// constants and orders are those of numbers.
  void blame(const Equivalents& terms, Finding& finding) {
    bool is_excused = false;
    for (const Equality& one : terms.why()) {
      const std::string differs = TermCheck(one_, is_modular_).differ(one.left, one.right);
      if (differs.empty()) continue;
      if (is_modular_ && TermCheck(one_, false).differ(one.left, one.right).empty()) {
        is_excused = true;
        continue;
      }
      finding.rule = one.reason;
      finding.what += format("\n{} => {}\n{}", brief(one.left), brief(one.right), differs);
      return;
    }
    finding.rule = "none-alone";
    if (is_excused) finding = {finding.seed, {}, {}};
  }

 private:
  static std::string brief(const Graph& graph);

  const FuzzCase& one_;
  bool is_modular_, bits_ = false;
  ConstantTable constants_;
  std::vector<std::vector<ZpTensor>> residues_;
  std::vector<std::vector<Tensor>> inputs_;
  std::vector<TermValues> wanted_;
};

std::string TermCheck::brief(const Graph& graph) {
  const std::string text = print_brief(graph);
  return text.size() > 300 ? text.substr(0, 300) + "…" : text;
}

Graph term_of(Equivalents& terms, const FuzzCase& one, int i) {
  if (one.settings.oracle == 2) return i == 0 ? terms.cheapest() : terms.dearest();
  return terms.draw(one.settings.data * 64 + static_cast<std::uint64_t>(i));
}

}  // namespace

Finding check_extraction(const FuzzCase& one, int count, const FuzzCoverage& coverage,
                         const RuleSet* rules) {
  Finding finding;
  finding.seed = one.seed;
  coverage.program(one.graph);
  coverage.now(one.seed, "saturate");
  try {
    const bool is_modular = one.seed % 2 == 0 && !rules;
    SearchOptions options = fuzz_search_options(one);
    options.max_nodes = kMostNodes;
    options.rules = is_modular ? &ring_rules() : rules;
    Equivalents terms(one.graph, options);
    for (const std::string& rule : terms.rules_fired()) coverage.rule(rule);
    coverage.now(one.seed, "terms");
    TermCheck check(one, is_modular);
    const int last = one.settings.oracle == 2 ? 2 : count;
    for (int i = 0; i < last && finding.what.empty(); ++i) {
      const Graph term = term_of(terms, one, i);
      finding.what = check.differ(terms.as_written(), term);
      if (!finding.what.empty()) check.blame(terms, finding);
    }
  } catch (const std::exception& error) {
    finding.what = format("terms: {}", error.what());
  }
  return finding;
}

}  // namespace bafe
