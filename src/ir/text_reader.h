#pragma once
/// Internal: the characters of a program text, with positions for errors.

#include <cstddef>
#include <string>
#include <string_view>

#include "bafe/base/error.h"

namespace bafe {

class TextReader {
 public:
  TextReader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  /// Skips blanks and comments; the next character, '\0' at the end.
  char peek();
  bool at_end();
  bool eat(char c);
  /// "->" and the like.
  bool eat_word(std::string_view word);
  /// Throws with what was expected, what stands there, and the fix.
  void expect(char c, std::string_view what, std::string_view fix);
  /// A name, or "" when none stands here.
  std::string name();
  std::string peek_name();
  /// Characters up to one of `stops`, which is not taken.
  std::string until(std::string_view stops);
  /// A run of characters that may belong to a number and its dtype: "-1.5e3:f32".
  std::string number();
  /// A text in double quotes with \" \\ \n.
  std::string quoted();

  SourceLoc here();
  [[noreturn]] void fail(std::string fact, std::string fix);
  [[noreturn]] void fail_at(const SourceLoc& place, std::string fact, std::string fix) const;
  /// What stands here, for messages.
  std::string found();

 private:
  void skip();
  void advance();

  std::string_view text_, file_;
  std::size_t at_ = 0, line_begin_ = 0;
  int line_ = 1;
};

}  // namespace bafe
