// A program searched piece by piece. In: a large or repetitive program. Out: its pieces as chosen,
// put together and planned as one. Invariant: pieces with equal graphs are searched once and become
// equal programs.

#include "bafe/base/format.h"
#include "bafe/ir/text.h"
#include "error_limit.h"
#include "pieces.h"
#include "search_one.h"

namespace bafe {
namespace {

constexpr std::size_t kMaxSearchedNodes = 400;
constexpr std::size_t kNoBlock = ~std::size_t{0};  // a piece that was not searched
constexpr std::size_t kTextNodes = 400;            // of all instances together: more is not read

void add_stats(SearchStats& total, const SearchStats& part) {
  total.alternatives += part.alternatives;
  total.matches_accepted += part.matches_accepted;
  total.nodes_before += part.nodes_before;
  total.nodes_after += part.nodes_after;
  total.classes_before += part.classes_before;
  total.classes_after += part.classes_after;
  total.iterations = std::max(total.iterations, part.iterations);
  total.work_units += part.work_units;
  if (total.stop_reason.empty() || part.stop_reason != "saturated")
    total.stop_reason = part.stop_reason;
}

/// What one piece's search says, added to what the others said.
void absorb_part(SearchResult& whole, SearchResult& part) {
  add_stats(whole.stats, part.stats);
  auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(whole.steps, part.steps);
  append(whole.rounds, part.rounds);
  append(whole.rejected, part.rejected);
  append(whole.limits, part.limits);
}

ExplainStep instance_step(const Piece& piece, const Graph& first) {
  Graph chosen;
  std::vector<ValueId> map(first.size());
  for (const InputInfo& info : piece.graph.inputs()) chosen.add_input(info);
  for (std::size_t i = 0; i < first.size(); ++i) {
    const Node& node = first.node(ValueId(static_cast<std::uint32_t>(i)));
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands) operands.push_back(map[operand.index()]);
    map[i] = chosen.add(node.op, std::move(operands), node.attrs);
  }
  for (ValueId root : first.roots()) chosen.add_root(map[root.index()]);
  ExplainStep step;
  step.rule = "instance";
  step.kind = "instance";
  step.before = print_brief(piece.graph);
  step.after = print_brief(chosen);
  step.why = "an equal piece was searched before";
  return step;
}

/// The program that `searched` makes of the whole, or the program as written where that is cheaper
/// or `searched` is outside the limit on errors. Is it the former?
bool choose_whole(Program written, Program searched, const SearchOptions& options,
                  SearchResult& result) {
  result.predicted_ns_as_written = written.predicted_ns;
  bool within = ErrorLimit(written.graph, options.max_error_growth).admits(searched.graph);
  bool better = within && searched.predicted_ns < written.predicted_ns * kMinGain;
  if (!better) result.steps.clear();
  result.candidates.push_back(better ? searched : written);
  if (within) result.candidates.push_back(better ? std::move(written) : std::move(searched));
  result.program = result.candidates[0];
  return better;
}

/// Pieces that were proven apart, put together: each is an instance of the block that proves it.
void prove_whole(const Graph& graph, const Pieces& pieces, const std::vector<const Graph*>& chosen,
                 const std::vector<std::size_t>& blocks, const SearchResult& result,
                 CertificateText& certificate) {
  ProofText proof(graph, {});
  std::vector<ProofText::Number> written = proof.of_graph(graph);
  std::vector<ProofText::Number> found = proof.of_graph(result.program.graph);
  for (std::size_t p = 0; p < blocks.size(); ++p) {
    const Piece& piece = pieces.pieces[p];
    if (blocks[p] == kNoBlock) continue;
    Graph given = pieces.whole;
    given.set_roots(piece.inputs);
    for (ValueId constant : piece.constants) given.add_root(constant);
    std::vector<ProofText::Number> inputs = proof.of_graph(given);
    std::vector<ProofText::Number> before = proof.of_graph(piece.graph, inputs);
    std::vector<ProofText::Number> after = proof.of_graph(*chosen[p], inputs);
    for (std::size_t r = 0; r < before.size(); ++r) {
      std::string line = format("instance {} {} {} {}", blocks[p], r, before[r], after[r]);
      for (ProofText::Number input : inputs) line += " " + std::to_string(input);
      if (before[r] != after[r]) proof.step(std::move(line));
    }
  }
  certificate.add_block(proof.text(written, found));
}

SearchResult search_pieces(const Graph& graph, const Pieces& pieces, SearchContext& context) {
  SearchResult result;
  Program written = plan_written(graph, context);
  std::vector<Graph> found(pieces.pieces.size());
  std::vector<const Graph*> chosen;
  std::vector<bool> changed(pieces.pieces.size(), false);
  std::function<bool()> stop = context.deadline.at(0.5);
  std::vector<std::size_t> blocks(pieces.pieces.size(), kNoBlock);
  std::size_t told = 0, proven = 0;
  for (std::size_t i = 0; i < pieces.pieces.size(); ++i) {
    const Piece& piece = pieces.pieces[i];
    if (piece.like < i) {
      chosen.push_back(chosen[piece.like]);
      blocks[i] = blocks[piece.like];
      told += piece.graph.size();
      if (changed[piece.like] && told < kTextNodes)
        result.steps.push_back(instance_step(piece, *chosen[piece.like]));
      continue;
    }
    if (stop && stop()) {
      chosen.push_back(&piece.graph);
      result.stats.stop_reason = "time";
      continue;
    }
    std::vector<Type> constants;
    for (ValueId constant : piece.constants) constants.push_back(pieces.whole.type(constant));
    SearchResult part =
        search_whole(piece.graph, plan_written(piece.graph, context), context, constants);
    blocks[i] = proven++;
    changed[i] = !part.steps.empty();
    absorb_part(result, part);
    found[i] = std::move(part.program.graph);
    chosen.push_back(&found[i]);
  }
  Graph joined = join_pieces(pieces, chosen);
  Program searched =
      plan_groups(plan_form(joined), context.cost, context.structured,
                  {&context.memo, context.deadline.at(0.8), context.options.math == Math::kBits});
  if (!choose_whole(std::move(written), std::move(searched), context.options, result)) {
    context.proof.drop_blocks();
    blocks.clear();
  }
  prove_whole(graph, pieces, chosen, blocks, result, context.proof);
  return result;
}

}  // namespace

SearchResult search_program(const Graph& graph, SearchContext& context) {
  std::size_t nodes = graph.live().size();
  bool long_search = !context.options.budget;  // a budget counts rewrites of the whole program
  if (nodes > kMaxSearchedNodes || (long_search && nodes >= kSmallestRepetitive)) {
    Pieces pieces = cut_into_pieces(graph, kMaxSearchedNodes);
    if (nodes > kMaxSearchedNodes || is_repetitive(pieces))
      return search_pieces(graph, pieces, context);
  }
  return search_whole(graph, plan_written(graph, context), context);
}

}  // namespace bafe
