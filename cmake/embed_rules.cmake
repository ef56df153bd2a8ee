# Script: writes OUT, a C++ file that holds every rule file of DIR as a text, rules.lock, and a hash of the sources
# that say what operators mean.
#   cmake -DDIR=rules -DOUT=builtin_rules.cpp "-DMEANING=ops.def;…" -P embed_rules.cmake
file(GLOB files ${DIR}/*.rules)
list(SORT files)
set(entries "")
foreach(file ${files})
  file(READ ${file} text)
  get_filename_component(name ${file} NAME)
  string(APPEND entries "    {\"rules/${name}\", R\"bafe_rules(${text})bafe_rules\"},\n")
endforeach()
set(lock "")
if(EXISTS ${DIR}/rules.lock)
  file(READ ${DIR}/rules.lock lock)
endif()
# Comments and blanks mean nothing: a stamp outlives them.
set(meaning "")
foreach(file ${MEANING})
  file(READ ${file} text)
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REGEX REPLACE "[ \t\r\n]+" " " text "${text}")
  string(SHA256 digest "${text}")
  string(APPEND meaning "${digest}\n")
endforeach()
string(SHA256 meaning "${meaning}")
string(SUBSTRING ${meaning} 0 32 meaning)
file(WRITE ${OUT} "// Generated from rules/ by cmake/embed_rules.cmake.
#include <array>

#include \"builtin_text.h\"

namespace bafe {

std::span<const BuiltinText> builtin_rule_texts() {
  static constexpr auto texts = std::to_array<BuiltinText>({
${entries}  });
  return texts;
}

std::string_view builtin_lock_text() { return R\"bafe_lock(${lock})bafe_lock\"; }

std::string_view builtin_operator_hash() { return \"${meaning}\"; }

}  // namespace bafe
")
