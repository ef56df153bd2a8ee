#pragma once
/// Text and JSON forms of programs. print(parse(t)) is canonical; parse(print(g)) equals g.
///
///   program main(x: f32[8, 512], w: f32[64, 512]) -> f32[8, 64]
///   { return matmul x (transpose w :perm (1 0)) }
///
///   program := "program" name "(" [param {"," param}] ")" "->" [type {"," type}]
///              "{" {let} "return" [expr {"," expr}] "}"
///   param   := name ":" type ["weak"] ["@" layout];  layout := name ["(" {integer} ")"]
///   let     := "let" name "=" expr ";"
///   expr    := atom | op {atom} {":" field value}
///   atom    := name | scalar | "(" expr ")"
///   value   := size | dtype | "(" {size} ")" | scalar | string | program
///   size    := integer | name | "(" polynomial ")"
///   type    := dtype "[" [polynomial {"," polynomial}] "]"
///   scalar  := number ":" dtype, without a space
///   number  := decimal | hexadecimal | "inf" | "nan" | "#" bits
/// "#" before a space starts a comment. A scalar as an atom is a 0-d fill. Names hide no operators.
/// A value used more than once, or nested deeper than 24, is printed as a let.

#include <optional>
#include <string>
#include <string_view>

#include "bafe/ir/graph.h"

namespace bafe {

std::string print_program(const Graph& graph);
/// One line, without the header: "relu(x @ w + b)" in NumPy-like spelling, for tables and explain.
std::string print_brief(const Graph& graph);
/// The graph as text without the user's names: operators, attributes, types, layouts, roots; bodies
/// of loops and branches likewise. Equal texts mean equal programs up to the names of inputs.
std::string canonical_text(const Graph& graph);
/// Operands obey the normal form (no implicit promotion), composites allowed. ParseError with line
/// and column; ShapeError / DTypeError placed at the operator. Limits: 16 MiB, 200 nested
/// parentheses.
Graph parse_program(std::string_view text, std::string_view file = "<program>");

/// Versioned JSON: {"bafe": 1, "inputs": […], "nodes": […], "roots": […]}.
std::string program_to_json(const Graph& graph);
/// Limits: 16 MiB, 1e6 nodes; ParseError says what is wrong and where.
Graph program_from_json(std::string_view text);

/// "1.5:f32": shortest decimal that reads back as the same bits.
std::string scalar_text(Scalar value);
std::optional<Scalar> scalar_from_text(std::string_view text);
/// "2*n + 1" and the other texts that Dim::text() gives.
std::optional<Dim> dim_from_text(std::string_view text);

}  // namespace bafe
