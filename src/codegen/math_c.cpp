// In comes a set of symbols, out goes C text that defines them and what they call. Invariant: a
// text only calls symbols of the same table, so printing operands before users gives a text that
// compiles.

#include "bafe/codegen/math_c.h"

#include <cctype>
#include <vector>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/codegen/math_c_parts.h"

namespace bafe {
namespace {

MathTable full_table(const Target& target) {
  MathTable table;
  add_bits_math(table);
  add_exp_math(table);
  add_log_math(table);
  add_trig_math(table);
  add_erf_math(table);
  add_rounding_math(table, target);
  add_integer_math(table);
  return table;
}

const MathTable& table_for(const Target& target) {
  // Never destroyed: the background thread may use it to the end.
  static const MathTable& plain = *new const MathTable(full_table(Target{}));
  static const MathTable& vector = []() -> auto& {
    Target target;
    target.isa = Isa::kAvx2;
    return *new MathTable(full_table(target));
  }
  ();
  return target.isa == Isa::kPlain ? plain : vector;
}

/// Symbols of the table that `text` names.
std::vector<std::string> called(const std::string& text, const MathTable& table) {
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = text.find("bafe_", at)) != std::string::npos;) {
    std::size_t end = at;
    while (end < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_'))
      ++end;
    std::string symbol = text.substr(at, end - at);
    if (table.count(symbol)) out.push_back(std::move(symbol));
    at = end;
  }
  return out;
}

void print(const std::string& symbol, const MathTable& table, std::set<std::string>& done,
           std::string& out) {
  if (!done.insert(symbol).second) return;
  const std::string& text = table.at(symbol);
  for (const std::string& callee : called(text, table)) print(callee, table, done, out);
  // A function that stayed a call would keep its loop from being vectorised.
  constexpr std::string_view kInline = "static inline ";
  const bool is_function = text.starts_with(kInline);
  if (is_function) out.append(kInline).append("__attribute__((always_inline)) ");
  out += text.substr(is_function ? kInline.size() : 0);
}

}  // namespace

std::string horner_c(const char* type, const char* result, const char* variable,
                     std::span<const char* const> coefficients) {
  const bool single = type[0] == 'f';
  const char* fma = single ? "BAFE_FMAF" : "BAFE_FMA";
  const char* suffix = single ? "f" : "";
  std::string out = format("  {} {} = {}{};\n", type, result, coefficients.back(), suffix);
  for (std::size_t i = coefficients.size() - 1; i-- > 0;) {
    out +=
        format("  {0} = {1}({0}, {2}, {3}{4});\n", result, fma, variable, coefficients[i], suffix);
  }
  return out;
}

std::string math_symbol_c(std::string_view name, DType dtype) {
  return format("bafe_{}_{}", name, dtype_info(dtype).name);
}

std::string conversion_symbol_c(DType from, DType to) {
  return format("bafe_{}_to_{}", dtype_info(from).name, dtype_info(to).name);
}

bool has_math_c(const std::string& symbol) { return table_for(Target{}).count(symbol) != 0; }

std::string math_functions_c(const std::set<std::string>& symbols, const Target& target) {
  const MathTable& table = table_for(target);
  std::string out = target.fma ? "#define BAFE_HAS_FMA 1\n"
                                 "#define BAFE_FMA(a, b, c) __builtin_fma((a), (b), (c))\n"
                                 "#define BAFE_FMAF(a, b, c) __builtin_fmaf((a), (b), (c))\n"
                               : "#define BAFE_FMA(a, b, c) ((a) * (b) + (c))\n"
                                 "#define BAFE_FMAF(a, b, c) ((a) * (b) + (c))\n";
  std::set<std::string> done;
  for (const std::string& symbol : symbols) {
    BAFE_CHECK(table.count(symbol) != 0, "a called math function is in the table");
    print(symbol, table, done, out);
  }
  return out;
}

}  // namespace bafe
