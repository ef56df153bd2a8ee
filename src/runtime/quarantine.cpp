// In: keys of programs whose kernel disagreed with their meaning. Out: whether to try again. A
// wrong kernel is a fact of compiler and code, so trying again in this process would only cost
// time.

#include "quarantine.h"

#include <map>
#include <mutex>

namespace bafe {
namespace {

struct Wrong {
  std::mutex mutex;
  std::map<Digest, std::string> facts;
};

Wrong& wrong() {
  static Wrong* wrong = new Wrong;  // the background thread reads it
  return *wrong;
}

}  // namespace

void quarantine_kernel(const Digest& key, std::string fact) {
  std::lock_guard lock(wrong().mutex);
  wrong().facts.emplace(key, std::move(fact));
}

std::optional<std::string> quarantined_kernel(const Digest& key) {
  std::lock_guard lock(wrong().mutex);
  const auto found = wrong().facts.find(key);
  if (found == wrong().facts.end()) return std::nullopt;
  return found->second;
}

}  // namespace bafe
