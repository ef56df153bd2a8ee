#pragma once
/// Right sides built into an ir::Graph: what the automatic checks and the certificate replay use.

#include "bafe/ir/graph.h"
#include "bafe/rules/rule_program.h"

namespace bafe {

/// A TermRef is the index of a ValueId. Constants are fills.
class GraphSink : public TermSink {
 public:
  explicit GraphSink(Graph& graph) : graph_(graph) {}
  const Type* type(TermRef term) const override;
  std::optional<Scalar> constant(TermRef term) const override;
  /// Only what a graph shows: `zero` and `finite` of constants. Checks override it.
  bool fact(const std::string& name, TermRef term,
            const std::vector<AttrValue>& args) const override;
  TermRef node(OpId op, std::span<const TermRef> operands, Attrs attrs) override;
  TermRef splat(Scalar value, TermRef like) override;

 protected:
  Graph& graph_;
};

inline TermRef term_of(ValueId id) { return id.index(); }
inline ValueId value_of(TermRef term) { return ValueId(term); }

}  // namespace bafe
