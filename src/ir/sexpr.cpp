// Reader of s-expressions. In: text. Out: forms with the line and column where each starts.
//
//   form := symbol | number | '"' text '"' | "(" {form} ")" | "[" {form} "]"
//   A number starts with a digit, or with a sign or a point before a digit. ";" starts a comment.
//
// Invariant: depth is bounded, so no text exhausts the stack. Columns count characters, not bytes.
#include "bafe/ir/sexpr.h"

#include <cerrno>
#include <cstdlib>

#include "bafe/base/format.h"

namespace bafe {
namespace {

constexpr int kMaxDepth = 200;

class Reader {
 public:
  Reader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  std::vector<Sexpr> read_all() {
    std::vector<Sexpr> out;
    for (skip_blank(); !at_end(); skip_blank()) out.push_back(read_form(0));
    return out;
  }

 private:
  bool at_end() const { return next_ >= text_.size(); }
  char peek() const { return text_[next_]; }
  SourceLoc here() const { return {std::string(file_), line_, column_}; }

  char take() {
    char c = text_[next_++];
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++column_;  // continuation bytes belong to the character before them
    }
    return c;
  }

  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool is_delimiter(char c) {
    return is_blank(c) || c == '(' || c == ')' || c == '[' || c == ']' || c == '"' || c == ';';
  }

  void skip_blank() {
    while (!at_end()) {
      if (peek() == ';') {
        while (!at_end() && peek() != '\n') take();
      } else if (is_blank(peek())) {
        take();
      } else {
        return;
      }
    }
  }

  Sexpr read_form(int depth) {
    SourceLoc loc = here();
    char c = peek();
    if (c == '(' || c == '[') return read_list(depth, std::move(loc));
    if (c == ')' || c == ']') {
      throw ParseError(loc, "", format("'{}' closes nothing", c))
          .fix("remove it, or open a list before it");
    }
    return c == '"' ? read_text(std::move(loc)) : read_atom(std::move(loc));
  }

  Sexpr read_list(int depth, SourceLoc loc) {
    if (depth >= kMaxDepth) {
      throw ParseError(loc, "", format("lists are nested deeper than {}", kMaxDepth))
          .fix("split the term");
    }
    Sexpr out;
    out.loc = loc;
    char open = take();
    if (open == '[') out.text = "[";
    char close = open == '(' ? ')' : ']';
    for (skip_blank(); !at_end() && peek() != close; skip_blank()) {
      if (peek() == ')' || peek() == ']') {
        throw ParseError(here(), "",
                         format("'{}' does not close the '{}' of line {}", peek(), open, loc.line))
            .fix(format("write '{}' here", close));
      }
      out.items.push_back(read_form(depth + 1));
    }
    if (at_end()) {
      throw ParseError(loc, "", format("'{}' is never closed", open))
          .fix(format("add '{}'", close));
    }
    take();
    return out;
  }

  Sexpr read_text(SourceLoc loc) {
    Sexpr out;
    out.kind = Sexpr::kText;
    out.loc = loc;
    take();
    while (!at_end() && peek() != '"') {
      char c = take();
      if (c == '\\' && !at_end()) c = take();
      if (c == '\0') throw ParseError(loc, "", "a zero byte in the text").fix("remove it");
      out.text += c;
    }
    if (at_end()) throw ParseError(loc, "", "the text is never closed").fix("add '\"'");
    take();
    return out;
  }

  Sexpr read_atom(SourceLoc loc) {
    Sexpr out;
    out.loc = loc;
    while (!at_end() && !is_delimiter(peek())) {
      auto c = static_cast<unsigned char>(peek());
      if (c < 0x20 || c == 0x7f) {
        throw ParseError(here(), "", format("control character {:#04x}", c)).fix("remove it");
      }
      out.text += take();
    }
    if (!starts_number(out.text)) {
      out.kind = Sexpr::kSymbol;
      return out;
    }
    read_number(out);
    return out;
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool starts_number(const std::string& t) {
    std::size_t i = t[0] == '-' || t[0] == '+' ? 1 : 0;
    if (i < t.size() && t[i] == '.') ++i;
    return i < t.size() && is_digit(t[i]);
  }

  static void read_number(Sexpr& out) {
    const char* begin = out.text.c_str();
    const char* end = begin + out.text.size();
    char* stop = nullptr;
    errno = 0;
    out.integer = std::strtoll(begin, &stop, 10);
    bool fits = errno == 0;
    if (stop == end) {
      if (!fits)
        throw ParseError(out.loc, "", format("integer {} does not fit 64 bits", out.text))
            .fix("use a real");
      out.kind = Sexpr::kInteger;
      out.real = static_cast<double>(out.integer);
      return;
    }
    out.kind = Sexpr::kReal;
    out.integer = 0;
    out.real = std::strtod(begin, &stop);
    if (stop != end) {
      throw ParseError(out.loc, "", format("'{}' is not a number", out.text))
          .fix("symbols start with a letter; numbers are like 3, -1.5 or 1e-5");
    }
  }

  std::string_view text_, file_;
  std::size_t next_ = 0;
  int line_ = 1, column_ = 1;
};

}  // namespace

std::vector<Sexpr> read_sexprs(std::string_view text, std::string_view file) {
  return Reader(text, file).read_all();
}

std::string sexpr_text(const Sexpr& form) {
  if (form.kind == Sexpr::kText) {
    std::string out = "\"";
    for (char c : form.text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + "\"";
  }
  if (form.kind != Sexpr::kListForm) return form.text;
  std::string out = form.is_bracketed() ? "[" : "(";
  for (std::size_t i = 0; i < form.items.size(); ++i)
    out += (i ? " " : "") + sexpr_text(form.items[i]);
  return out + (form.is_bracketed() ? "]" : ")");
}

}  // namespace bafe
