// The certificate's text. In: lines. Out: terms with their types, or the first line that is wrong.
//
//   certificate := "bafe-certificate 1" header block+ "end"          one sentence a line
//   header   := ("math" ("bits" | "reals" | "fast")) ["premises" ("finite" | "zeros")*] use*
//   use      := "use" NAME HASH                    rule 0, 1, …; 16 hex digits of its text's
//   SHA-256 block    := "block" term* "written" id* "chosen" id* step* term     := "input" DTYPE
//   list | OP value* id*      numbered from 0; ids are of earlier terms step     := "rule" USE ("+"
//   | "-")[ROOT] id+ id     left side (a term a root), right side
//             | "compute" id id                         an operator on constants, and its value
//             | "ac" id id                              regrouped under one operator
//             | "define" id id                          a named composite, and its definition
//             | "instance" BLOCK ROOT id id id*         two terms that an earlier block proves
//                                                       equal, with these terms as its inputs
//   value    := size | list | DTYPE | scalar | '"' text '"' | JSON of a body     without spaces;
//               "~" for a space
//   list     := "(" [size ("," size)*] ")"
//
// premises: finite, nothing in the program tells NaN or Inf apart (proven again here); zeros, known
// zeros of a matrix count as zeros of its products. The last block is the program: its "written" is
// what was traced, its "chosen" what runs. Congruence is not written: equal operands make equal
// terms.
#include "certificate.h"

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/field_words.h"

namespace bafe {
std::size_t number_below(std::string_view word, std::size_t limit, int line) {
  std::size_t out = 0;
  auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (code != std::errc() || end != word.data() + word.size() || out >= limit)
    throw CertificateFault{line, format("{} is no number below {}", word, limit)};
  return out;
}

void ProofBlock::add_term(const CertificateLine& words, int line) {
  try {
    if (words[0] == "input") {
      std::optional<AttrValue> dtype, shape;
      if (words.size() == 3) dtype = field_from_word(AttrKind::kDType, words[1]);
      if (dtype) shape = field_from_word(AttrKind::kList, words[2]);
      if (!shape) throw CertificateFault{line, "an input has a dtype and a list of sizes"};
      Type type{std::get<DType>(*dtype), std::get<List>(*shape)};
      terms.push_back(graph.add_input({format("x{}", inputs++), "row", false, std::move(type)}));
      return;
    }
    OpId op = tensor_ops().find(words[0]);
    if (!op.valid()) throw CertificateFault{line, format("there is no operator {}", words[0])};
    const std::vector<AttrField>& fields = tensor_ops().spec(op).fields;
    if (words.size() <= fields.size()) throw CertificateFault{line, "a field is missing"};
    Attrs attrs;
    for (const AttrField& field : fields) {
      std::optional<AttrValue> value = field_from_word(field.kind, words[attrs.size() + 1]);
      if (!value) throw CertificateFault{line, format("field {} has no value", field.name)};
      attrs.push_back(std::move(*value));
    }
    std::vector<ValueId> operands;
    for (std::size_t i = fields.size() + 1; i < words.size(); ++i)
      operands.push_back(term(words[i], line));
    terms.push_back(graph.add(op_of(op), std::move(operands), std::move(attrs)));
  } catch (const Error& error) {
    throw CertificateFault{line, "no term: " + error.fact()};
  }
}

}  // namespace bafe
