// In: the text of rules.lock. Out: stamps by name, and whether one fits a rule as it is now.
//
//   lock   := "bafe-rules-lock" FORMAT NL "prover" VERSION NL "operators" HASH NL "solvers" text NL
//             {stamp NL}
//   stamp  := name HASH status engine ms          names ascending; one or more blanks between words
//
// A line that starts with ";" is a comment. Invariant: what is read again after rule_lock_text() is
// equal.
#include "bafe/rules/rule_lock.h"

#include <algorithm>
#include <charconv>

#include "bafe/base/digest.h"
#include "bafe/base/format.h"
#include "builtin_text.h"

namespace bafe {
namespace {

constexpr std::string_view kMagic = "bafe-rules-lock";
constexpr int kFormat = 1;
constexpr const char* kFix = "write it again: ./run prove";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// One line at a time, and its words with their columns.
class LockReader {
 public:
  LockReader(std::string_view text, std::string_view file) : rest_(text), file_(file) {}

  /// The next line that is neither empty nor a comment; false at the end.
  bool next() {
    while (!rest_.empty()) {
      std::size_t end = rest_.find('\n');
      text_ = rest_.substr(0, end);
      rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
      ++line_;
      at_ = 0;
      skip();
      if (at_ < text_.size() && text_[at_] != ';') return true;
    }
    text_ = {};
    at_ = 0;
    ++line_;
    return false;
  }
  std::string_view word(const char* what) {
    skip();
    begin_ = at_;
    while (at_ < text_.size() && !is_blank(text_[at_])) ++at_;
    if (at_ == begin_) throw error(format("{} is missing", what));
    return text_.substr(begin_, at_ - begin_);
  }
  int number(const char* what) {
    std::string_view digits = word(what);
    int value = 0;
    auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (code != std::errc() || end != digits.data() + digits.size() || value < 0) {
      throw error(format("{} must be a number, not '{}'", what, digits.substr(0, 40)));
    }
    return value;
  }
  std::string_view hash(const char* what) {
    std::string_view digits = word(what);
    bool ok = digits.size() == 32 && digits.find_first_not_of("0123456789abcdef") == digits.npos;
    if (!ok) throw error(format("{} must be 32 hex digits", what));
    return digits;
  }
  std::string_view rest_of_line() {
    skip();
    return text_.substr(at_);
  }
  void end_of_line() {
    skip();
    begin_ = at_;
    if (at_ < text_.size()) throw error("the line goes on after its last word");
  }
  ParseError error(std::string fact) const {
    return ParseError(SourceLoc{std::string(file_), line_, static_cast<int>(begin_) + 1},
                      "rules.lock", std::move(fact))
        .fix(kFix);
  }
  void key(std::string_view wanted) {
    bool found = next();
    if (!found || word("a key") != wanted) throw error(format("'{} …' must stand here", wanted));
  }

 private:
  void skip() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  std::string_view rest_, text_, file_;
  std::size_t at_ = 0, begin_ = 0;
  int line_ = 0;
};

void read_header(LockReader& reader, RuleLock& lock) {
  reader.key(kMagic);
  int version = reader.number("the version of the form");
  if (version != kFormat) {
    throw reader.error(format("it has form {}, and this BAFE reads form {}", version, kFormat));
  }
  reader.end_of_line();
  reader.key("prover");
  lock.prover = reader.number("the version of the prover");
  reader.end_of_line();
  reader.key("operators");
  lock.operators = reader.hash("the hash of the operators");
  reader.end_of_line();
  reader.key("solvers");
  lock.solvers = reader.rest_of_line();
}

}  // namespace

const RuleStamp* RuleLock::find(std::string_view name) const {
  auto it =
      std::lower_bound(stamps.begin(), stamps.end(), name,
                       [](const RuleStamp& stamp, std::string_view n) { return stamp.name < n; });
  return it != stamps.end() && it->name == name ? &*it : nullptr;
}

RuleLock read_rule_lock(std::string_view text, std::string_view file) {
  LockReader reader(text, file);
  RuleLock lock;
  read_header(reader, lock);
  while (reader.next()) {
    RuleStamp stamp;
    stamp.name = reader.word("the name of a rule");
    if (!lock.stamps.empty() && stamp.name <= lock.stamps.back().name) {
      throw reader.error(format("{} stands after {}: names must ascend, each once",
                                stamp.name.substr(0, 80), lock.stamps.back().name.substr(0, 80)));
    }
    stamp.rule = reader.hash("the hash of the rule");
    stamp.status = reader.word("the status");
    bool known = stamp.status == "proven" || stamp.status == "bounded" || stamp.status == "tested";
    if (!known) throw reader.error("the status must be proven, bounded or tested");
    stamp.engine = reader.word("the engine");
    stamp.ms = reader.number("the time");
    reader.end_of_line();
    lock.stamps.push_back(std::move(stamp));
  }
  return lock;
}

std::string rule_lock_text(const RuleLock& lock) {
  std::size_t width = 0;
  for (const RuleStamp& stamp : lock.stamps) width = std::max(width, stamp.name.size());
  std::string out = format("{} {}\n", kMagic, kFormat);
  out += "; What was proven about each rule. Written by ./run prove; not edited by hand.\n";
  out += format("prover {}\noperators {}\nsolvers {}\n", lock.prover, lock.operators, lock.solvers);
  for (const RuleStamp& stamp : lock.stamps) {
    out += format("{:<{}} {} {:<7} {} {}\n", stamp.name, width, stamp.rule, stamp.status,
                  stamp.engine, stamp.ms);
  }
  return out;
}

std::string rule_hash(const Rule& rule) { return sha256(rule.text).hex().substr(0, 32); }

std::string_view operator_spec_hash() { return builtin_operator_hash(); }

std::string stamp_refusal(const RuleLock& lock, const Rule& rule) {
  if (lock.prover != kProverVersion) return "another version of the prover";
  if (lock.operators != operator_spec_hash()) return "the operators have changed since";
  const RuleStamp* stamp = lock.find(rule.name);
  if (stamp == nullptr) return "no stamp";
  if (stamp->rule != rule_hash(rule)) return "the rule has changed since";
  return stamp->admits() ? "" : stamp->status + ", not proven";
}

const BuiltinLock& builtin_rule_lock() {
  // Never destroyed: the background thread may use it to the end.
  static const BuiltinLock& lock = []() -> auto& {
    BuiltinLock& out = *new BuiltinLock;
    try {
      out.lock = read_rule_lock(builtin_lock_text(), "rules/rules.lock");
    } catch (const ParseError& error) {
      out.lock.stamps.clear();
      out.why = error.what();
    }
    return out;
  }
  ();
  return lock;
}

}  // namespace bafe
