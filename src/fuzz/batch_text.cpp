// In: C texts that each stand alone. Out: one text. A chunk is one declaration at file level;
// names are defined before they are used, so a global name that a program has not used yet is
// defined by the chunk it stands in.

#include "batch_text.h"

#include <algorithm>
#include <cctype>

#include "bafe/base/format.h"

namespace bafe {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

bool is_global(std::string_view word) {
  if (word.starts_with("bafe_") || word.starts_with("BAFE_")) return true;
  return word.size() > 1 && word[0] == 'V' && std::isupper(static_cast<unsigned char>(word[1]));
}

/// Calls `use` for each global name, in order, and copies the text with what it gives.
template <class Use>
std::string with_names(std::string_view text, Use use) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::string_view word = text.substr(at, end - at);
    if (word.empty())
      out += text[end++];
    else if (is_global(word))
      out += use(std::string(word));
    else
      out += word;
    at = end;
  }
  return out;
}

/// Is the text of the line, after the lines before it, the end of a chunk?
struct Nesting {
  int braces = 0, conditions = 0;
  bool ends(std::string_view line) {
    for (char c : line) braces += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (line.starts_with("#if")) ++conditions;
    if (line.starts_with("#endif")) --conditions;
    if (braces > 0 || conditions > 0 || line.empty()) return false;
    if (line[0] == '#') return line.back() != '\\';
    return line.back() == ';' || line.back() == '}';
  }
};

}  // namespace

std::string BatchText::fresh(const std::string& name) {
  if (taken_.insert(name).second) return name;
  std::string out = format("{}_p{}", name, programs_);
  taken_.insert(out);
  return out;
}

void BatchText::add_chunk(std::string_view chunk, Names& names) {
  std::vector<std::string> defined;
  const std::string known = with_names(chunk, [&](const std::string& name) {
    const auto found = names.find(name);
    if (found != names.end()) return found->second;
    if (std::find(defined.begin(), defined.end(), name) == defined.end()) defined.push_back(name);
    return name;
  });
  const auto [entry, is_new] = known_.try_emplace(known);
  if (is_new) {
    for (const std::string& name : defined) entry->second.push_back(fresh(name));
  }
  for (std::size_t i = 0; i < defined.size(); ++i) names[defined[i]] = entry->second[i];
  if (is_new) text_ += with_names(chunk, [&](const std::string& name) { return names.at(name); });
}

std::map<std::string, std::string> BatchText::add(std::string_view c_text) {
  Names names;
  ++programs_;
  std::string chunk;
  Nesting nesting;
  while (!c_text.empty()) {
    const std::size_t end = std::min(c_text.find('\n'), c_text.size() - 1);
    const std::string_view line = c_text.substr(0, c_text[end] == '\n' ? end : end + 1);
    c_text.remove_prefix(end + 1);
    if (line.starts_with("//")) continue;
    chunk += line;
    chunk += '\n';
    if (!nesting.ends(line)) continue;
    add_chunk(chunk, names);
    chunk.clear();
  }
  if (!chunk.empty()) add_chunk(chunk, names);
  return names;
}

}  // namespace bafe
