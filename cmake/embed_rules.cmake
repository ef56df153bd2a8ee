# Script: writes OUT, a C++ file that holds every rule file of DIR as a text.
#   cmake -DDIR=rules -DOUT=builtin_rules.cpp -P embed_rules.cmake
file(GLOB files ${DIR}/*.rules)
list(SORT files)
set(entries "")
foreach(file ${files})
  file(READ ${file} text)
  get_filename_component(name ${file} NAME)
  string(APPEND entries "    {\"rules/${name}\", R\"bafe_rules(${text})bafe_rules\"},\n")
endforeach()
file(WRITE ${OUT} "// Generated from rules/*.rules by cmake/embed_rules.cmake.
#include <array>

#include \"builtin_text.h\"

namespace bafe {

std::span<const BuiltinText> builtin_rule_texts() {
  static constexpr auto texts = std::to_array<BuiltinText>({
${entries}  });
  return texts;
}

}  // namespace bafe
")
