#include "bafe/ir/eval.h"

#include <gtest/gtest.h>

#include <set>

#include "ir/random_program.h"

namespace bafe {
namespace {

TEST(RandomPrograms, AreValidAndEvaluate) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Graph graph = random_program(seed);
    std::vector<Tensor> roots = evaluate(graph, random_inputs(graph, seed));
    ASSERT_EQ(roots.size(), graph.roots().size());
    for (std::size_t i = 0; i < roots.size(); ++i) EXPECT_EQ(roots[i].type(), graph.type(graph.roots()[i]));
  }
}

TEST(RandomPrograms, ReachEveryOperatorButConstants) {
  std::set<std::string_view> seen;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Graph graph = random_program(seed);
    for (ValueId id : graph.live()) seen.insert(op_info(graph.node(id).op).name);
  }
  for (const OpInfo& info : all_ops()) {
    if (info.kind == OpKind::kExpand || info.name == "constant") continue;
    EXPECT_TRUE(seen.count(info.name)) << info.name;
  }
}

}  // namespace
}  // namespace bafe
