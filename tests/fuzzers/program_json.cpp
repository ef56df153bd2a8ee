// In: any bytes as the JSON form of a program. What is read is a checked graph that survives both
// forms.

#include "bafe/ir/text.h"
#include "targets.h"

namespace bafe::fuzz {

void program_json(std::string_view bytes) {
  Graph graph;
  if (!accepts([&] { graph = program_from_json(bytes); })) return;
  graph.check();
  const std::string text = program_to_json(graph);
  Graph again = program_from_json(text);
  promise_equal(program_to_json(again), text, "a written program is written the same");
  promise(again.hash() == graph.hash(), "a written program is the program");
  const std::string printed = print_program(graph);
  promise_equal(print_program(parse_program(printed)), printed, "its text form holds it too");
}

}  // namespace bafe::fuzz
