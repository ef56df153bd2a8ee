#pragma once
/// Text and JSON forms of programs. print(parse(t)) is canonical; parse(print(g)) equals g.
///
///   program main(x: f32[8, 512], w: f32[64, 512]) -> f32[8, 64] { return matmul x (transpose w :perm (1 0)) }
///
/// Grammar:  program  := "program" name "(" [param {"," param}] ")" "->" type {"," type} "{" {let} "return" expr {"," expr} "}"
///           param    := name ":" type ["@" layout]
///           let      := "let" name "=" expr ";"
///           expr     := name | op {atom} {":" field value};  atom := name | number ":" dtype | "(" expr ")"
///           value    := integer | dtype | "(" {integer} ")" | number ":" dtype | string
///           type     := dtype "[" [dim {"," dim}] "]";  dim := integer | name | polynomial
/// A value used more than once is printed as a let.

#include <string>
#include <string_view>

#include "bafe/ir/graph.h"

namespace bafe {

std::string print_program(const Graph& graph);
/// One line, without the header: "relu(matmul(x, w) + b)" in NumPy-like spelling, for tables and explain.
std::string print_brief(const Graph& graph);
/// Operands obey the normal form (no implicit promotion), composites allowed. ParseError with line and column;
/// ShapeError / DTypeError placed at the operator.
Graph parse_program(std::string_view text, std::string_view file = "<program>");

/// Versioned JSON: {"bafe": 1, "inputs": […], "nodes": […], "roots": […]}.
std::string program_to_json(const Graph& graph);
/// Limits: 16 MiB, 1e6 nodes; ParseError says what is wrong and where.
Graph program_from_json(std::string_view text);

}  // namespace bafe
