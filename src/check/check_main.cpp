// bafe-check CERTIFICATE [--rules DIR]: replays a certificate. Ends with 0 when it proves its
// claim, 1 when a step does not hold, 2 when a file cannot be read. Rules: those compiled in, and
// those of DIR.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bafe/check/check.h"
#include "bafe/ir/text.h"
#include "builtin_text.h"

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in.good()) throw std::runtime_error(path.string() + " cannot be read");
  return text.str();
}

int replay(const std::string& path, const char* folder) {
  bafe::RuleBook rules;
  for (const bafe::BuiltinText& file : bafe::builtin_rule_texts()) rules.add(file.text, file.file);
  if (folder) {
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() == ".rules") rules.add(contents(file), file.path().string());
    }
  }
  bafe::CertificateVerdict v = bafe::check_certificate(contents(path), rules);
  if (!v.accepted) {
    std::printf("rejected: line %d: %s\n", v.line, v.reason.c_str());
    return 1;
  }
  std::printf("accepted: %d steps, class %s, math %s, error factor %g, growth %g\n",
              static_cast<int>(v.steps), v.program_class.c_str(), v.math.c_str(), v.error_factor,
              v.error_growth);
  std::printf("traced: %s\nchosen: %s\n", bafe::print_brief(v.traced).c_str(),
              bafe::print_brief(v.chosen).c_str());
  for (const std::string& sentence : v.assumptions) std::printf("assumes: %s\n", sentence.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  bool with_rules = argc == 4 && std::string_view(argv[2]) == "--rules";
  try {
    if (argc == 2 || with_rules) return replay(argv[1], with_rules ? argv[3] : nullptr);
    std::fprintf(stderr, "usage: bafe-check CERTIFICATE [--rules DIR]\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bafe-check: %s\n", error.what());
  }
  return 2;
}
