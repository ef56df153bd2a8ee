#include <gtest/gtest.h>

#include "bafe/ir/text.h"
#include "ir/random_program.h"

namespace bafe {
namespace {

std::string error_of(std::string_view text) {
  try {
    program_from_json(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ProgramJson, IsVersionedAndReadable) {
  Graph graph = parse_program(
      "program main(x: f32[n, 3] @col) -> f32[3, n] { return transpose x :perm (1 0) }");
  EXPECT_EQ(program_to_json(graph),
            R"({"bafe":1,"inputs":[{"name":"x","layout":"col","weak":false,)"
            R"("type":{"dtype":"f32","shape":["n",3]}}],"nodes":[{"op":"input"},)"
            R"({"op":"transpose","args":[0],"perm":[1,0]}],"roots":[1]})");
}

TEST(ProgramJson, RoundTripsRandomPrograms) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Graph graph = random_program(seed);
    Graph back = program_from_json(program_to_json(graph));
    back.check();
    EXPECT_EQ(back.hash(), graph.hash());
    EXPECT_EQ(print_program(back), print_program(graph));
  }
}

TEST(ProgramJson, NamesTheDamagedMember) {
  EXPECT_EQ(error_of("{").substr(0, 60),
            "<json>: program: the text is not JSON: at line 1, column 2: ");
  EXPECT_EQ(error_of(R"({"bafe": 2})"),
            "<json>: program: has version 2, this library reads version 1\n  fix: write it with "
            "this library");
  EXPECT_EQ(
      error_of(R"({"bafe": 1, "inputs": [], "nodes": [{"op": "relu", "args": [0]}], "roots": []})"),
      "<json>: nodes[0].args: refers to 0, which is not an earlier node\n"
      "  fix: list operands before their users");
  EXPECT_EQ(
      error_of(R"({"bafe": 1, "inputs": [], "nodes": [{"op": "relo", "args": []}], "roots": []})"),
      "<json>: nodes[0]: there is no operator 'relo'\n  fix: use an operator of this version");
  EXPECT_EQ(
      error_of(R"({"bafe": 1, "inputs": [], "roots": []})"),
      "<json>: program: member \"nodes\" is missing\n  fix: write programs with program_to_json");
  EXPECT_EQ(error_of(R"({"bafe": 1, "inputs": [{"name": "x", "layout": "r?w", "weak": false,)"
                     R"("type": {"dtype": "f32", "shape": []}}], "nodes": [], "roots": []})"),
            "<json>: inputs[0].layout: is not the name of a layout\n"
            "  fix: write \"row\" or \"order(0 2 1)\"");
  EXPECT_EQ(error_of("[1]"), "<json>: program: is not an object\n  fix: write {...}");
}

TEST(ProgramJson, SurvivesDamageAndDepth) {
  Random random(5);
  std::string text = program_to_json(random_program(11, {.steps = 14}));
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = text;
    for (int k = 1 + random.below(3); k-- > 0;) {
      damaged[static_cast<std::size_t>(random.below(static_cast<int>(text.size())))] =
          text[static_cast<std::size_t>(random.below(static_cast<int>(text.size())))];
    }
    try {
      program_from_json(damaged);
    } catch (const Error& error) {
      EXPECT_EQ(dynamic_cast<const InternalError*>(&error), nullptr) << error.what() << "\n"
                                                                     << damaged;
    }
  }
  EXPECT_THROW(program_from_json(std::string(1000000, '[')), ParseError);
  EXPECT_THROW(program_from_json(std::string((16u << 20) + 1, ' ')), ParseError);
}

}  // namespace
}  // namespace bafe
