// In: a letter that chooses the reader, then any bytes as one of the small texts: a number, a size,
// an s-expression, a layout, an einsum equation, kernel text. What is read prints as what reads
// the same.

#include "bafe/codegen/sized_text.h"
#include "bafe/cost/schedule.h"
#include "bafe/ir/einsum.h"
#include "bafe/ir/sexpr.h"
#include "bafe/ir/text.h"
#include "targets.h"

namespace bafe::fuzz {
namespace {

void scalar(std::string_view text) {
  const auto read = scalar_from_text(text);
  if (!read) return;
  const auto again = scalar_from_text(scalar_text(*read));
  promise(again && again->dtype == read->dtype && again->bits == read->bits, "a number");
}

void size(std::string_view text) {
  std::optional<Dim> read;
  accepts([&] { read = dim_from_text(text); });
  if (read) promise(dim_from_text(read->text()) == read, "a size");
}

void forms(std::string_view text) {
  std::vector<Sexpr> read;
  if (!accepts([&] { read = read_sexprs(text, "<fuzz>"); })) return;
  for (const Sexpr& form : read) {
    const std::string printed = sexpr_text(form);
    const auto again = read_sexprs(printed, "<again>");
    promise(again.size() == 1, "a printed form is one form");
    promise_equal(sexpr_text(again[0]), printed, "a form");
  }
}

void layout(std::string_view text) {
  if (text.empty()) return;
  const int rank = text[0] & 7;
  accepts([&] { layout_from_text(std::string(text.substr(1)), rank); });
}

/// The first letter says how many operands there are and which ranks they have.
void equation(std::string_view text) {
  if (text.empty()) return;
  Graph graph;
  Builder builder(graph);
  std::vector<ValueId> operands;
  const unsigned choice = static_cast<unsigned char>(text[0]);
  for (unsigned i = 0; i < 1 + choice % 4; ++i) {
    const unsigned rank = choice / 4 % 5;
    InputInfo info;
    info.name = "x";
    info.type = {DType::kF32, Shape(rank, Dim(2 + (i == 1 && choice / 32 == 1)))};
    operands.push_back(graph.add_input(info));
  }
  accepts([&] { graph.add_root(einsum(builder, text.substr(1), operands, {})); });
  graph.check();
}

void kernel(std::string_view text) {
  if (auto read = SizedText::from_text(text)) read->c_text();
  if (text.find('\x01') != std::string_view::npos) return;  // the mark: in no text of ours
  const NumberedText taken = take_numbers(text);
  SizedText made(taken);
  promise(made.match(taken).has_value(), "a text is a case of itself");
  const auto again = SizedText::from_text(made.to_text());
  promise(again && again->to_text() == made.to_text(), "kernel text");
}

}  // namespace

void small_text(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::string_view rest = bytes.substr(1);
  if (bytes[0] == 'n') scalar(rest);
  if (bytes[0] == 'd') size(rest);
  if (bytes[0] == 's') forms(rest);
  if (bytes[0] == 'l') layout(rest);
  if (bytes[0] == 'e') equation(rest);
  if (bytes[0] == 'k') kernel(rest);
}

}  // namespace bafe::fuzz
