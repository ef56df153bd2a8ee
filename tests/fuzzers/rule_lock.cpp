// In: any bytes as rules.lock. A lock that is read is written so that it reads as the same.

#include "bafe/rules/rule_lock.h"

#include "targets.h"

namespace bafe::fuzz {

void rule_lock(std::string_view bytes) {
  RuleLock lock;
  if (!accepts([&] { lock = read_rule_lock(bytes, "<fuzz>"); })) return;
  const std::string text = rule_lock_text(lock);
  promise_equal(rule_lock_text(read_rule_lock(text, "<again>")), text, "a lock");
  for (const RuleStamp& stamp : lock.stamps) {
    promise(lock.find(stamp.name) == &stamp, "every stamp is found by its name");
  }
}

}  // namespace bafe::fuzz
