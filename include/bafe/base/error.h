#pragma once
/// Every error a user can cause: one C++ class per Python class. A message says place, fact, fix.

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace bafe {

/// Where the user's code is: `file:line`, or `<rules>:line:column`. Empty when unknown.
struct SourceLoc {
  std::string file;
  int line = 0;
  int column = 0;  ///< 0 when only the line is known
  std::string text() const;
  friend bool operator==(const SourceLoc&, const SourceLoc&) = default;
};

/// Base of all BAFE errors. what() is the whole message:
///   <place>: <subject>: <fact>
///     <detail line>…
///     fix: <what to do>
class Error : public std::exception {
 public:
  Error(SourceLoc loc, std::string subject, std::string fact);
  const char* what() const noexcept override { return message_.c_str(); }
  const SourceLoc& loc() const { return loc_; }
  const std::string& fact() const { return fact_; }
  /// The place becomes `loc` if none was known. Tracing adds the user's line on the way out.
  void place(const SourceLoc& loc);
  const std::string& subject() const { return subject_; }
  /// Says what the message is about, where the thrower did not know the operator's name.
  void about(std::string subject);

 protected:
  void add_detail(std::string line);
  void set_fix(std::string fix);

 private:
  void compose();
  SourceLoc loc_;
  std::string subject_, fact_, fix_, message_;
  std::vector<std::string> details_;
};

/// Gives each error class the chaining calls: `throw ShapeError(loc, "matmul",
/// "…").detail(…).fix(…);`
template <class Self>
class ErrorKind : public Error {
 public:
  using Error::Error;
  Self& detail(std::string line) {
    add_detail(std::move(line));
    return static_cast<Self&>(*this);
  }
  Self& fix(std::string text) {
    set_fix(std::move(text));
    return static_cast<Self&>(*this);
  }
};

class ShapeError : public ErrorKind<ShapeError> {  // ValueError
 public:
  using ErrorKind::ErrorKind;
};
class ParseError : public ErrorKind<ParseError> {  // ValueError
 public:
  using ErrorKind::ErrorKind;
};
class RuleError : public ErrorKind<RuleError> {  // ValueError
 public:
  using ErrorKind::ErrorKind;
};
class DTypeError : public ErrorKind<DTypeError> {  // TypeError
 public:
  using ErrorKind::ErrorKind;
};
class TraceError : public ErrorKind<TraceError> {  // TypeError
 public:
  using ErrorKind::ErrorKind;
};
class CompileError : public ErrorKind<CompileError> {  // RuntimeError
 public:
  using ErrorKind::ErrorKind;
};
/// A broken invariant of BAFE itself; never a user's mistake.
class InternalError : public ErrorKind<InternalError> {  // RuntimeError
 public:
  using ErrorKind::ErrorKind;
};

[[noreturn]] void check_failed(const char* file, int line, const char* cond, const char* what);

}  // namespace bafe

/// States an invariant. `what` says what must hold; it is evaluated only on failure.
#define BAFE_CHECK(cond, what) \
  ((cond) ? (void)0 : ::bafe::check_failed(__FILE__, __LINE__, #cond, what))
