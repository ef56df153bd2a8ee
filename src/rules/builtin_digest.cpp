// In: the embedded rule texts and their lock. Out: their digest, without parsing them: a call that
// finds its kernel in the cache needs the rules' identity but no rule.

#include "bafe/rules/rule_set.h"
#include "builtin_text.h"

namespace bafe {

const Digest& builtin_rules_digest() {
  static const Digest digest = [] {
    DigestBuilder builder;
    for (const BuiltinText& rules : builtin_rule_texts()) builder.add(rules.file).add(rules.text);
    builder.add(builtin_lock_text()).add(builtin_operator_hash());
    return builder.finish();
  }();
  return digest;
}

}  // namespace bafe
