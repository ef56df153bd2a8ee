// In: any bytes as the text form of a program. What parses prints canonically and survives both
// forms.

#include "bafe/ir/text.h"
#include "targets.h"

namespace bafe::fuzz {

void program_text(std::string_view bytes) {
  Graph graph;
  if (!accepts([&] { graph = parse_program(bytes, "<fuzz>"); })) return;
  graph.check();
  const std::string printed = print_program(graph);
  Graph again = parse_program(printed, "<printed>");
  promise_equal(print_program(again), printed, "a printed program prints the same");
  promise(again.hash() == graph.compact().hash(), "a printed program is the program");
  Graph from_json = program_from_json(program_to_json(graph));
  promise_equal(print_program(from_json), printed, "JSON holds the whole program");
  promise(!print_brief(graph).empty(), "every program has a brief form");
}

}  // namespace bafe::fuzz
