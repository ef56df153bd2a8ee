#pragma once
/// Questions to the bafe-smt child process.

#include <cstdint>
#include <map>
#include <string>

namespace bafe {

enum class SmtStatus : std::uint8_t { kUnsat, kSat, kUnknown, kMissing };

struct SmtAnswer {
  SmtStatus status = SmtStatus::kUnknown;
  std::map<std::string, std::string> model;  ///< kSat: values as decimal text
};

/// BAFE_SMT, or bafe-smt beside the file that holds this code; "" when neither exists.
std::string find_smt_program();

/// Starts the child, writes `script`, reads the answer. The child is killed after `wall_ms`. Never
/// throws.
SmtAnswer ask_smt(const std::string& program, const std::string& script, unsigned rlimit,
                  int wall_ms);

}  // namespace bafe
