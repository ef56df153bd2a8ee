// bafe-check CERT [--rules DIR]: replays a certificate. Ends with 0 when it proves its claim, 1
// when a step does not hold, 2 when it cannot be read. Rules are those compiled in, and those of
// DIR.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bafe/base/error.h"
#include "bafe/check/check.h"
#include "bafe/ir/text.h"
#include "builtin_text.h"

namespace {

bool read_file(const std::string& path, std::string& out) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  out = text.str();
  return in.good();
}

int tell(const bafe::CertificateVerdict& v) {
  if (!v.accepted) {
    std::printf("rejected: line %d: %s\n", v.line, v.reason.c_str());
    return 1;
  }
  std::printf("accepted: %lld steps, class %s, math %s, error factor %g\n",
              static_cast<long long>(v.steps), v.program_class.c_str(), v.math.c_str(),
              v.error_factor);
  std::printf("traced: %s\nchosen: %s\n", bafe::print_brief(v.traced).c_str(),
              bafe::print_brief(v.chosen).c_str());
  for (const std::string& assumption : v.assumptions)
    std::printf("assumes: %s\n", assumption.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  bool usage = argc == 2 || (argc == 4 && std::string_view(argv[2]) == "--rules");
  std::string text;
  if (!usage || !read_file(argv[1], text)) {
    std::fprintf(
        stderr,
        usage ? "bafe-check: %s cannot be read\n" : "usage: bafe-check CERTIFICATE [--rules DIR]\n",
        argv[1]);
    return 2;
  }
  try {
    bafe::RuleBook rules;
    for (const bafe::BuiltinText& file : bafe::builtin_rule_texts())
      rules.add(file.text, file.file);
    if (argc == 4) {
      for (const auto& file : std::filesystem::directory_iterator(argv[3])) {
        std::string rule_text;
        if (file.path().extension() == ".rules" && read_file(file.path().string(), rule_text))
          rules.add(rule_text, file.path().string());
      }
    }
    return tell(bafe::check_certificate(text, rules));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bafe-check: %s\n", error.what());
    return 2;
  }
}
