// In: parts of elements. Out: trees that share their parts.
#include "form.h"

#include "bafe/base/format.h"

namespace bafe::generic {
namespace {

FormRef made(Form form) { return std::make_shared<const Form>(std::move(form)); }

}  // namespace

FormRef read_form(int number, const AxisIndex& index) {
  Form form;
  form.kind = FormKind::kRead;
  form.number = number;
  form.index = close(index);
  return made(std::move(form));
}

FormRef apply_form(Prim prim, std::vector<FormRef> args, std::string name) {
  Form form;
  form.kind = FormKind::kApply;
  form.prim = prim;
  form.args = std::move(args);
  form.name = std::move(name);
  return made(std::move(form));
}

FormRef choose_form(Truth condition, FormRef yes, FormRef no) {
  if (is_true(condition)) return yes;
  if (is_false(condition)) return no;
  Form form;
  form.kind = FormKind::kChoose;
  form.condition = condition;
  form.args = {std::move(yes), std::move(no)};
  return made(std::move(form));
}

FormRef literal_form(double value) {
  Form form;
  form.kind = FormKind::kLiteral;
  form.literal = value;
  return made(std::move(form));
}

FormRef scalar_form(std::string name) {
  Form form;
  form.kind = FormKind::kScalar;
  form.name = std::move(name);
  return made(std::move(form));
}

FormRef integer_form(IntTerm value) {
  Form form;
  form.kind = FormKind::kInteger;
  form.integer = value;
  return made(std::move(form));
}

FormRef fold_form(ReduceKind reduce, IntTerm axes_end, const IntPredicate& over,
                  const IntFunction& extent, const ElementAt& body) {
  Form form;
  form.kind = FormKind::kFold;
  form.reduce = reduce;
  form.name = row(fresh("K")).name;
  form.axes_end = axes_end;
  form.over = close(over);
  form.extent = close(extent);
  form.args = {body([name = form.name](IntTerm t) { return applied(name, {t}); })};
  return made(std::move(form));
}

FormRef library_form(const std::string& routine, IntTerm rank, const IntFunction& size,
                     const ElementAt& matrix, const AxisIndex& at) {
  Form form;
  form.kind = FormKind::kLibrary;
  form.routine = routine;
  form.name = row(fresh("Z")).name;
  form.axes_end = rank;
  form.extent = close(size);
  form.index = close(at);
  form.args = {matrix([name = form.name](IntTerm t) { return applied(name, {t}); })};
  return made(std::move(form));
}

std::string text(const FormRef& form) {
  std::string args;
  for (const FormRef& arg : form->args) args += (args.empty() ? "" : ", ") + text(arg);
  switch (form->kind) {
    case FormKind::kRead:
      return format("x{}[{}]", form->number, text(form->index));
    case FormKind::kApply:
      return format("{}{}({})", prim_text(form->prim), form->name, args);
    case FormKind::kChoose:
      return format("if {} then ({})", text(form->condition), args);
    case FormKind::kLiteral:
      return format("{}", form->literal);
    case FormKind::kScalar:
      return form->name;
    case FormKind::kInteger:
      return text(form->integer);
    case FormKind::kFold:
      return format("fold over {} in {} of {}", form->name, text(form->extent), args);
    case FormKind::kLibrary:
      return format("{}({})[{}]", form->routine, args, text(form->index));
  }
  return "";
}

}  // namespace bafe::generic
