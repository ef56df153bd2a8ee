// In: the assembly of one translation unit. Out: counts over its innermost loops that multiply and
// add. A loop is what lies between a local label and a later jump back to it in the same function;
// it is innermost when no other such jump lies inside.

#include "bafe/codegen/hot_loop.h"

#include <map>
#include <string>
#include <vector>

namespace bafe {
namespace {

struct Function {
  std::vector<std::string_view> lines;
  bool has_frame = false;  // %rbp points into the stack
};

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The local label that a jump goes to; empty for all else.
std::string_view target_of(std::string_view line) {
  if (line.empty() || line[0] != 'j') return {};
  std::size_t at = line.find(".L");
  return at == std::string_view::npos ? std::string_view() : line.substr(at);
}

void count(const Function& function, std::size_t first, std::size_t last, HotLoops& out) {
  int fused = 0, spills = 0;
  for (std::size_t i = first; i < last; ++i) {
    const std::string_view line = function.lines[i];
    fused += contains(line, "fmadd") ? 1 : 0;
    spills += contains(line, "(%rsp") || (function.has_frame && contains(line, "(%rbp")) ? 1 : 0;
  }
  if (fused == 0) return;
  ++out.loops;
  out.fused += fused;
  out.spills += spills;
}

void count_loops(const Function& function, HotLoops& out) {
  std::map<std::string_view, std::size_t> labels;
  std::size_t last_begin = 0;  // the latest loop begins here; what encloses it begins earlier
  bool has_loop = false;
  for (std::size_t i = 0; i < function.lines.size(); ++i) {
    std::string_view line = function.lines[i];
    if (line.back() == ':') {
      labels[line.substr(0, line.size() - 1)] = i;
      continue;
    }
    auto at = labels.find(target_of(line));
    if (at == labels.end()) continue;
    if (has_loop && at->second <= last_begin) continue;
    count(function, at->second, i, out);
    last_begin = at->second;
    has_loop = true;
  }
}

}  // namespace

HotLoops hot_loops(std::string_view assembly) {
  HotLoops out;
  Function function;
  auto finish = [&] {
    count_loops(function, out);
    function = {};
  };
  while (!assembly.empty()) {
    const std::size_t end = assembly.find('\n');
    const std::string_view line = trimmed(assembly.substr(0, end));
    assembly.remove_prefix(end == std::string_view::npos ? assembly.size() : end + 1);
    const bool is_label = !line.empty() && line.back() == ':';
    if (line.empty() || (line[0] == '.' && !is_label)) continue;  // directives
    if (is_label && line[0] != '.') finish();
    function.has_frame = function.has_frame || contains(line, "%rsp, %rbp");
    function.lines.push_back(line);
  }
  finish();
  return out;
}

}  // namespace bafe
