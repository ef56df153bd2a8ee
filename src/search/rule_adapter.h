#pragma once
/// Rules as the engine runs them: bytecode applied to tensor e-classes.

#include <string>
#include <vector>

#include "bafe/egraph/saturate.h"
#include "bafe/rules/rule_set.h"
#include "bafe/search/tensor_analysis.h"

namespace bafe {

/// Thrown by EGraphSink when the node limit is met; never leaves the adapter.
struct NodeLimitReached {};

/// Right sides built into an e-graph. A TermRef is the index of a NodeId.
class EGraphSink : public TermSink {
 public:
  EGraphSink(EGraph& graph, const TensorAnalysis& analysis) : graph_(graph), analysis_(analysis) {}
  const Type* type(TermRef term) const override;
  std::optional<Scalar> constant(TermRef term) const override;
  bool fact(const std::string& name, TermRef term,
            const std::vector<AttrValue>& args) const override;
  TermRef node(OpId op, std::span<const TermRef> operands, Attrs attrs) override;
  TermRef splat(Scalar value, TermRef like) override;

 private:
  const Facts& facts(TermRef term) const;
  EGraph& graph_;
  const TensorAnalysis& analysis_;
};

/// Values of a match's attribute variables, in order.
std::vector<AttrValue> match_attrs(const EGraph& graph, const Match& match, std::size_t count);
std::vector<TermRef> match_terms(const Match& match);

/// The rewrites that can ever match, given the operators of `egraph` and what they make themselves.
std::vector<const Rewrite*> reachable_rewrites(const std::vector<const Rewrite*>& rewrites,
                                               const EGraph& egraph);

/// One saturation rule a rewrite; sets are RuleStage values. The rewrites and the analysis must
/// outlive the rules. Both directions of a rule share a RuleId: its place in `names`, which is
/// filled. `specials`: the program holds or tests NaN or Inf, so a rewrite of class `finite`,
/// or weaker and without some operand of its left side, runs only where every matched value is
/// proven finite.
std::vector<SaturationRule> adapt_rules(const std::vector<const Rewrite*>& rewrites,
                                        const TensorAnalysis& analysis, bool specials,
                                        std::vector<std::string>& names);

}  // namespace bafe
