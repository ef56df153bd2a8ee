#pragma once
/// Readers of outside bytes, each as one function of any bytes. It returns when they were read and
/// what was read keeps its promises, or when they were refused with an error of bafe/base/error.h;
/// everything else is a mistake of ours and leaves as another exception, a signal or a sanitizer's
/// report. libFuzzer calls them through fuzzer.cpp, replay_test.cpp with the inputs found before.

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bafe/base/error.h"

namespace bafe::fuzz {

/// The name is that of its file here and of its folder in tests/golden/fuzzers.
struct Target {
  const char* name;
  void (*run)(std::string_view bytes);
};

#define BAFE_FUZZ_TARGETS(X) \
  X(program_text)            \
  X(program_json)            \
  X(rule_text) X(rule_lock) X(certificate) X(cache_entry) X(stored_json) X(small_text)

#define BAFE_FUZZ_DECLARE(name) void name(std::string_view bytes);
BAFE_FUZZ_TARGETS(BAFE_FUZZ_DECLARE)
#undef BAFE_FUZZ_DECLARE

/// A promise that was broken. No error of bafe: those are answers.
struct BrokenPromise : std::logic_error {
  using std::logic_error::logic_error;
};
inline void promise(bool holds, const char* what) {
  if (!holds) throw BrokenPromise(what);
}
inline void promise_equal(const std::string& got, const std::string& want, const char* what) {
  if (got != want)
    throw BrokenPromise(std::string(what) + "\n--- got\n" + got + "\n--- want\n" + want);
}

/// False when `read` refuses its input with a user's error. An InternalError is none.
template <class Read>
bool accepts(Read&& read) {
  try {
    read();
    return true;
  } catch (const ParseError&) {
  } catch (const ShapeError&) {
  } catch (const DTypeError&) {
  } catch (const RuleError&) {
  } catch (const TraceError&) {
  }
  return false;
}

}  // namespace bafe::fuzz
