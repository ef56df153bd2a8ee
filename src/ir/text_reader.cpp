// Characters with positions. In: a program text. Out: names, numbers, strings. Invariant: line_ and
// line_begin_ belong to at_; nothing reads past the end.
#include "text_reader.h"

#include <cctype>

namespace bafe {
namespace {

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool is_name_part(char c) {
  return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c));
}

}  // namespace

void TextReader::advance() {
  if (text_[at_++] != '\n') return;
  ++line_;
  line_begin_ = at_;
}

void TextReader::skip() {
  while (at_ < text_.size()) {
    char c = text_[at_];
    bool is_comment = c == '#' && (at_ + 1 == text_.size() ||
                                   std::isspace(static_cast<unsigned char>(text_[at_ + 1])));
    if (is_comment) {
      while (at_ < text_.size() && text_[at_] != '\n') advance();
    } else if (std::isspace(static_cast<unsigned char>(c))) {
      advance();
    } else {
      return;
    }
  }
}

char TextReader::peek() {
  skip();
  return at_ < text_.size() ? text_[at_] : '\0';
}

bool TextReader::at_end() {
  skip();
  return at_ == text_.size();
}

bool TextReader::eat(char c) {
  if (peek() != c || c == '\0') return false;
  advance();
  return true;
}

bool TextReader::eat_word(std::string_view word) {
  skip();
  if (text_.substr(at_, word.size()) != word) return false;
  std::size_t end = at_ + word.size();
  if (is_name_part(word.back()) && end < text_.size() && is_name_part(text_[end])) return false;
  at_ = end;
  return true;
}

void TextReader::expect(char c, std::string_view what, std::string_view fix) {
  if (!eat(c)) fail("expected " + std::string(what) + ", found " + found(), std::string(fix));
}

std::string TextReader::peek_name() {
  skip();
  std::size_t end = at_;
  if (end < text_.size() && is_name_start(text_[end])) {
    while (end < text_.size() && is_name_part(text_[end])) ++end;
  }
  return std::string(text_.substr(at_, end - at_));
}

std::string TextReader::name() {
  std::string out = peek_name();
  at_ += out.size();
  return out;
}

std::string TextReader::until(std::string_view stops) {
  skip();
  std::size_t begin = at_;
  while (at_ < text_.size() && stops.find(text_[at_]) == std::string_view::npos) advance();
  return std::string(text_.substr(begin, at_ - begin));
}

std::string TextReader::number() {
  skip();
  std::size_t begin = at_;
  auto is_part = [](char c) {
    return is_name_part(c) || c == '.' || c == '+' || c == '-' || c == ':' || c == '#';
  };
  while (at_ < text_.size() && is_part(text_[at_])) ++at_;
  return std::string(text_.substr(begin, at_ - begin));
}

std::string TextReader::quoted() {
  SourceLoc begin = here();
  expect('"', "a text in double quotes", "write \"...\"");
  std::string out;
  while (at_ < text_.size() && text_[at_] != '"') {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
      advance();
      out += text_[at_] == 'n' ? '\n' : text_[at_];
    } else {
      out += text_[at_];
    }
    advance();
  }
  if (at_ == text_.size()) fail_at(begin, "a text is not closed", "add the missing \"");
  advance();
  return out;
}

SourceLoc TextReader::here() {
  skip();
  return {std::string(file_), line_, static_cast<int>(at_ - line_begin_) + 1};
}

void TextReader::fail(std::string fact, std::string fix) {
  fail_at(here(), std::move(fact), std::move(fix));
}

void TextReader::fail_at(const SourceLoc& place, std::string fact, std::string fix) const {
  throw ParseError(place, "program", std::move(fact)).fix(std::move(fix));
}

std::string TextReader::found() {
  skip();
  if (at_ == text_.size()) return "the end of the text";
  std::string name = peek_name();
  return "'" + (name.empty() ? std::string(1, text_[at_]) : name.substr(0, 40)) + "'";
}

}  // namespace bafe
