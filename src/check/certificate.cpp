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
//   value    := size | list | DTYPE | scalar | '"' text '"'      without spaces; "~" for a space
//   list     := "(" [size ("," size)*] ")"
//
// premises: finite, nothing in the program tells NaN or Inf apart (proven again here); zeros, known
// zeros of a matrix count as zeros of its products. The last block is the program: its "written" is
// what was traced, its "chosen" what runs. Congruence is not written: equal operands make equal
// terms.
#include "certificate.h"

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

List list_of(std::string_view word, int line) {
  if (word.size() < 2 || word.front() != '(' || word.back() != ')')
    throw CertificateFault{line, "a list is missing"};
  word = word.substr(1, word.size() - 2);
  List out;
  while (!word.empty()) {
    std::size_t comma = std::min(word.find(','), word.size());
    std::optional<Dim> size = dim_from_text(word.substr(0, comma));
    if (!size) throw CertificateFault{line, "a list holds what is no size"};
    out.push_back(*size);
    word.remove_prefix(std::min(comma + 1, word.size()));
  }
  return out;
}

AttrValue value_of(AttrKind kind, std::string_view word, int line) {
  if (kind == AttrKind::kList) return list_of(word, line);
  if (kind == AttrKind::kInt) {
    if (std::optional<Dim> size = dim_from_text(word)) return *size;
  } else if (kind == AttrKind::kDType) {
    if (std::optional<DType> dtype = dtype_from_text(word)) return *dtype;
  } else if (kind == AttrKind::kScalar) {
    if (std::optional<Scalar> scalar = scalar_from_text(word)) return *scalar;
  } else if (kind == AttrKind::kText && word.size() > 1 && word.front() == '"') {
    std::string text(word.substr(1, word.size() - 2));
    std::replace(text.begin(), text.end(), '~', ' ');
    return text;
  }
  throw CertificateFault{line, format("{} is no value of this field", word)};
}

}  // namespace

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
      std::optional<DType> dtype = words.size() == 3 ? dtype_from_text(words[1]) : std::nullopt;
      if (!dtype) throw CertificateFault{line, "an input has a dtype and a list of sizes"};
      InputInfo info{format("x{}", inputs++), "row", false, {*dtype, list_of(words[2], line)}};
      terms.push_back(graph.add_input(std::move(info)));
      return;
    }
    OpId op = tensor_ops().find(words[0]);
    if (!op.valid()) throw CertificateFault{line, format("there is no operator {}", words[0])};
    const std::vector<AttrField>& fields = tensor_ops().spec(op).fields;
    if (words.size() <= fields.size()) throw CertificateFault{line, "a field is missing"};
    Attrs attrs;
    for (const AttrField& field : fields)
      attrs.push_back(value_of(field.kind, words[attrs.size() + 1], line));
    std::vector<ValueId> operands;
    for (std::size_t i = fields.size() + 1; i < words.size(); ++i)
      operands.push_back(term(words[i], line));
    terms.push_back(graph.add(op_of(op), std::move(operands), std::move(attrs)));
  } catch (const Error& error) {
    throw CertificateFault{line, "no term: " + error.fact()};
  }
}

}  // namespace bafe
