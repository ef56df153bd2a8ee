#pragma once
/// Questions to the bafe-smt child process.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace bafe {

enum class SmtStatus : std::uint8_t { kUnsat, kSat, kUnknown, kMissing };

struct SmtAnswer {
  SmtStatus status = SmtStatus::kUnknown;
  std::map<std::string, std::string> model;  ///< kSat: values as decimal text
};

/// BAFE_SMT, or bafe-smt beside the file that holds this code; "" when neither exists.
std::string find_smt_program();

/// While it lives, keeps what this thread asks the child: equal questions are asked once.
class SmtTranscript {
 public:
  SmtTranscript();
  ~SmtTranscript();
  SmtTranscript(const SmtTranscript&) = delete;
  SmtTranscript& operator=(const SmtTranscript&) = delete;
  void add(const std::string& script, SmtStatus status);
  /// Questions answered unsat, as a second solver reads them: set-logic, script, check-sat, reset.
  const std::string& proofs() const { return proofs_; }
  int unanswered() const { return unanswered_; }
  /// What this question was answered before; nullptr when it is new.
  const SmtAnswer* known(const std::string& script, unsigned rlimit) const;
  void keep(const std::string& script, unsigned rlimit, const SmtAnswer& answer);

 private:
  std::map<std::pair<std::string, unsigned>, SmtAnswer> answers_;
  SmtTranscript* outer_;
  std::string proofs_;
  int unanswered_ = 0;
};

/// Writes `script` to this thread's child, started when there is none, and reads the answer. A
/// child that is silent for `wall_ms` is killed. Never throws.
SmtAnswer ask_smt(const std::string& program, const std::string& script, unsigned rlimit,
                  int wall_ms);

}  // namespace bafe
