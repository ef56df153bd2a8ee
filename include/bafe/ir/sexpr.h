#pragma once
/// Reader of s-expressions with positions: the surface of rule files and of composite definitions.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bafe/base/error.h"

namespace bafe {

struct Sexpr {
  enum Kind { kSymbol, kInteger, kReal, kText, kListForm };
  Kind kind = kListForm;
  std::string text;  ///< symbol or text content; numbers keep their spelling; "[" for a [list]
  std::int64_t integer = 0;
  double real = 0;
  std::vector<Sexpr> items;
  SourceLoc loc;  ///< file, line, column

  bool is(std::string_view symbol) const { return kind == kSymbol && text == symbol; }
  bool is_variable() const { return kind == kSymbol && text.size() > 1 && text[0] == '?'; }
  bool is_keyword() const { return kind == kSymbol && text.size() > 1 && text[0] == ':'; }
  bool is_bracketed() const { return kind == kListForm && text == "["; }
  /// (head …)?
  bool is_form(std::string_view head) const {
    return kind == kListForm && !items.empty() && items[0].is(head);
  }
};

/// All top-level forms. `;` starts a comment. Depth <= 200. ParseError with line and column, and
/// what to fix.
std::vector<Sexpr> read_sexprs(std::string_view text, std::string_view file);
std::string sexpr_text(const Sexpr& form);

}  // namespace bafe
