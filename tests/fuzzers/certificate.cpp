// In: any bytes as the certificate of a program. The checker answers and never throws; what it
// accepts are two programs of equal types, and it accepts them again.

#include "bafe/check/check.h"

#include "bafe/rules/rule_set.h"
#include "targets.h"

namespace bafe::fuzz {
namespace {

std::string text_of(const std::string& name) {
  const Rule* rule = RuleSet::builtin().find(name);
  return rule ? rule->text : std::string();
}

}  // namespace

void certificate(std::string_view bytes) {
  static RuleBook* book = [] {
    auto* made = new RuleBook;
    made->set_source(text_of);
    return made;
  }();
  const CertificateVerdict verdict = check_certificate(bytes, *book);
  promise(verdict.accepted || !verdict.reason.empty(), "a refusal has a reason");
  if (!verdict.accepted) return;
  verdict.traced.check();
  verdict.chosen.check();
  const auto written = verdict.traced.roots(), chosen = verdict.chosen.roots();
  promise(written.size() == chosen.size(), "both programs have the same results");
  for (std::size_t i = 0; i < written.size(); ++i) {
    promise(verdict.traced.type(written[i]) == verdict.chosen.type(chosen[i]),
            "a result keeps its type");
  }
  promise(verdict.error_factor >= 0, "roundings are counted");
  promise(check_certificate(bytes, *book).accepted, "the same answer twice");
}

}  // namespace bafe::fuzz
