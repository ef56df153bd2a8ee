// Generated texts that differ in numbers, as one. In: texts of build_plan(). Out: parameters of a
// text, and C that reads them from size[]. Invariant: skeleton and numbers give the text back, up
// to the spelling of literals.

#include "bafe/codegen/sized_text.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "number_text.h"

namespace bafe {
namespace {

constexpr int kRoom = -2;  // in place of a parameter: the size of an array
constexpr std::string_view kSizeParameter = "const long long *size";

/// Where C wants a constant, or where a constant is an instruction's immediate.
bool wants_constants(std::string_view line) {
  static constexpr std::string_view kWords[] = {
      "__attribute__", "__builtin_shuffle", "__builtin_ia32",  "__builtin_prefetch",
      "static const",  "typedef",           "__builtin_assume"};
  const std::size_t first = line.find_first_not_of(' ');
  if (first == std::string_view::npos) return true;
  line.remove_prefix(first);
  if (line[0] == '#' || line.starts_with("case ")) return true;
  return std::any_of(std::begin(kWords), std::end(kWords), [&](std::string_view word) {
    return line.find(word) != std::string_view::npos;
  });
}

/// "float x[16];": a type, a name, and the number in brackets.
bool declares_array(std::string_view line, std::size_t at) {
  if (at == 0 || line[at - 1] != '[') return false;
  std::size_t i = at - 1;
  while (i > 0 && is_word(line[i - 1])) --i;
  if (i == at - 1 || i == 0 || line[i - 1] != ' ') return false;
  const std::string_view before = line.substr(0, i - 1);
  const std::size_t last = before.find_last_not_of(' ');
  return last != std::string_view::npos && is_word(before[last]) &&
         before.find('=') == std::string_view::npos && !before.ends_with("return");
}

/// The name "bafe_k0…" that a line at the outermost level defines; empty for other lines.
std::string_view kernel_name(std::string_view line) {
  if (!line.ends_with("{")) return {};
  const std::size_t at = line.find("bafe_k");
  if (at == std::string_view::npos || at + 6 >= line.size() || line[at + 6] < '0' ||
      line[at + 6] > '9')
    return {};
  std::size_t end = at;
  while (end < line.size() && is_word(line[end])) ++end;
  return line.substr(at, end - at);
}

/// Calls `visit(line, begin, name, inside)` for every line: `inside` a kernel's function, whose
/// `name` is given at its first line.
template <class Visit>
void visit_lines(std::string_view text, Visit visit) {
  int depth = 0;
  bool inside = false;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view line = text.substr(begin, end - begin);
    const std::string_view name = depth == 0 ? kernel_name(line) : std::string_view();
    inside = depth > 0 ? inside : !name.empty();
    visit(line, begin, name, inside);
    for (char c : line) depth += (c == '{') - (c == '}');
    begin = end + 1;
  }
}

void take_line(std::string_view line, bool fixed, bool inside, NumberedText& out) {
  for (std::size_t i = 0; i < line.size();) {
    const bool is_capacity = inside && declares_array(line, i);
    if (line[i] >= '0' && line[i] <= '9' && (!fixed || is_capacity)) {
      std::size_t length = 0;
      auto number = read_number(line.substr(i), &length);
      if (number && is_capacity) number->kind = NumberKind::kCapacity;
      if (number) {
        out.skeleton += kMark;
        out.skeleton += static_cast<char>(number->kind);
        out.numbers.push_back(number->bits);
      } else {
        out.skeleton += line.substr(i, length);
      }
      i += length;
      continue;
    }
    const std::size_t first = i;
    while (i < line.size() && is_word(line[i])) ++i;
    if (i == first) ++i;
    out.skeleton += line.substr(first, i - first);
  }
}

}  // namespace

NumberedText take_numbers(std::string_view c_text) {
  NumberedText out;
  out.skeleton.reserve(c_text.size());
  visit_lines(c_text, [&](std::string_view line, std::size_t, std::string_view, bool inside) {
    take_line(line, !inside || wants_constants(line), inside, out);
    out.skeleton += '\n';
  });
  return out;
}

SizedText::SizedText(NumberedText first) : skeleton_(std::move(first.skeleton)) {
  std::size_t mark = 0;
  for (std::int64_t number : first.numbers) {
    mark = skeleton_.find(kMark, mark) + 1;
    const bool is_capacity = skeleton_[mark] == static_cast<char>(NumberKind::kCapacity);
    places_.push_back({is_capacity ? kRoom : -1, number});
  }
}

std::optional<std::vector<std::int64_t>> SizedText::match(const NumberedText& text) const {
  if (!has_skeleton_of(text)) return std::nullopt;
  BAFE_CHECK(text.numbers.size() == places_.size(), "a skeleton has a mark for every number");
  std::vector<std::int64_t> out(static_cast<std::size_t>(parameters_));
  std::vector<bool> known(out.size(), false);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    if (place.parameter == kRoom && place.number >= text.numbers[i]) continue;
    if (place.parameter < 0) {
      if (place.number != text.numbers[i]) return std::nullopt;
      continue;
    }
    const auto k = static_cast<std::size_t>(place.parameter);
    if (known[k] && out[k] != text.numbers[i]) return std::nullopt;
    known[k] = true;
    out[k] = text.numbers[i];
  }
  return out;
}

void SizedText::widen(const NumberedText& text) {
  BAFE_CHECK(has_skeleton_of(text), "only texts of one form are generalised");
  std::map<std::tuple<int, std::int64_t, std::int64_t>, int> parameters;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    const std::int64_t number = text.numbers[i];
    if (place.parameter == kRoom) place.number = std::max(place.number, number);
    if (place.parameter == kRoom || (place.parameter < 0 && place.number == number)) continue;
    // Equal numbers so far, and equal numbers here: one parameter. Kinds may share it: all are read
    // from 64 bits, and floats are no likely sizes.
    const std::int64_t before = place.parameter < 0 ? place.number : 0;
    const auto next = static_cast<int>(parameters.size());
    place.parameter =
        parameters.emplace(std::tuple(place.parameter, before, number), next).first->second;
    place.number = number;
  }
  parameters_ = static_cast<int>(parameters.size());
}

namespace {

/// One function of a kernel in a skeleton.
struct KernelFunction {
  std::string name;
  std::size_t begin = 0, body = 0;  ///< of the first line, and behind it
  bool has_size = false;            ///< its own parameter
  bool needs_size = false;
  std::set<std::pair<int, char>> reads;  ///< parameters and kinds
  std::set<std::string> words;           ///< names of kernels' functions that it mentions
};

std::vector<KernelFunction> find_functions(const std::string& skeleton) {
  std::vector<KernelFunction> out;
  visit_lines(skeleton, [&](std::string_view line, std::size_t begin, std::string_view name, bool) {
    if (name.empty()) return;
    KernelFunction function;
    function.name = name;
    function.begin = begin;
    function.body = begin + line.size() + 1;
    function.has_size = line.find(kSizeParameter) != std::string_view::npos;
    out.push_back(std::move(function));
  });
  return out;
}

std::size_t word_end(const std::string& text, std::size_t at) {
  while (at < text.size() && is_word(text[at])) ++at;
  return at;
}

}  // namespace

/// Writes C from a skeleton whose functions and numbers are known.
class SizedWriter {
 public:
  SizedWriter(const std::string& skeleton, std::vector<std::pair<int, std::int64_t>> places)
      : skeleton_(skeleton), places_(std::move(places)), functions_(find_functions(skeleton)) {}

  std::optional<std::string> run() {
    find_uses();
    spread_needs();
    for (const KernelFunction& f : functions_) {
      if (f.needs_size && !f.has_size) handed_.insert(f.name);
    }
    next_ = 0;
    for (std::size_t i = 0; i < skeleton_.size() && is_sound_;) i = write(i);
    if (!is_sound_) return std::nullopt;
    return std::move(out_);
  }

 private:
  KernelFunction* function_at(std::size_t at) {
    KernelFunction* found = nullptr;
    for (KernelFunction& f : functions_) {
      if (f.begin <= at) found = &f;
    }
    return found;
  }

  void find_uses() {
    std::set<std::string> names;
    for (const KernelFunction& f : functions_) names.insert(f.name);
    std::size_t current = 0;  // functions up to here have begun
    for (std::size_t i = 0; i < skeleton_.size();) {
      while (current < functions_.size() && functions_[current].begin <= i) ++current;
      KernelFunction* f = current > 0 ? &functions_[current - 1] : nullptr;
      if (skeleton_[i] == kMark) {
        const int parameter = places_[next_++].first;
        if (parameter >= 0 && f) f->reads.insert({parameter, skeleton_[i + 1]});
        i += 2;
      } else if (is_word(skeleton_[i])) {
        const std::size_t end = word_end(skeleton_, i);
        const std::string word = skeleton_.substr(i, end - i);
        if (f && names.contains(word) && word != f->name) f->words.insert(word);
        i = end;
      } else {
        ++i;
      }
    }
  }

  void spread_needs() {
    for (bool changed = true; changed;) {
      changed = false;
      for (KernelFunction& f : functions_) {
        bool needs = !f.reads.empty();
        for (const KernelFunction& other : functions_) {
          needs = needs || (other.needs_size && !other.has_size && f.words.contains(other.name));
        }
        changed = changed || (needs && !f.needs_size);
        f.needs_size = f.needs_size || needs;
      }
    }
  }

  static std::string local_name(int parameter, char kind) {
    return format("bafe_z{}{}", parameter, kind);
  }

  std::size_t write(std::size_t i) {
    if (const KernelFunction* f = function_at(i); f && f->body == i) {
      for (const auto& [parameter, kind] : f->reads) {
        const auto number = static_cast<NumberKind>(kind);
        out_ += format("  const {} {} = {};\n", number_type(number), local_name(parameter, kind),
                       number_from_size(number, parameter));
      }
    }
    const char c = skeleton_[i];
    if (c == kMark) {
      const auto& [parameter, number] = places_[next_++];
      const char kind = skeleton_[i + 1];
      out_ += parameter < 0 ? number_literal(static_cast<NumberKind>(kind), number)
                            : local_name(parameter, kind);
      return i + 2;
    }
    if (!is_word(c)) {
      out_ += c;
      return i + 1;
    }
    const std::size_t end = word_end(skeleton_, i);
    const std::string word = skeleton_.substr(i, end - i);
    out_ += word;
    if (!handed_.contains(word)) return end;
    // A function that is not called here, or has no other argument, is handed nothing.
    if (end + 1 >= skeleton_.size() || skeleton_[end] != '(' || skeleton_[end + 1] == ')') {
      is_sound_ = false;
      return end;
    }
    const KernelFunction* f = function_at(i);
    const bool is_definition = f && f->name == word && i < f->body;
    out_ += format("({}, ", is_definition ? kSizeParameter : std::string_view("size"));
    return end + 1;
  }

  const std::string& skeleton_;
  std::vector<std::pair<int, std::int64_t>> places_;
  std::vector<KernelFunction> functions_;
  std::set<std::string> handed_;  ///< functions that get the sizes as a further argument
  std::size_t next_ = 0;
  bool is_sound_ = true;
  std::string out_;
};

std::optional<std::string> SizedText::c_text() const {
  std::vector<std::pair<int, std::int64_t>> places;
  for (const Place& place : places_) places.emplace_back(place.parameter, place.number);
  auto body = SizedWriter(skeleton_, std::move(places)).run();
  if (!body) return std::nullopt;
  // Behind the declaration of memcpy, which opens every text.
  const std::size_t line = body->find('\n');
  if (line == std::string::npos) return std::nullopt;
  return body->insert(line + 1, kNumberFunctionsC);
}

std::string SizedText::to_text() const {
  std::string out = format("{} {}\n", parameters_, places_.size());
  for (const Place& place : places_) out += format("{}:{} ", place.parameter, place.number);
  return out + "\n" + skeleton_;
}

std::optional<SizedText> SizedText::from_text(std::string_view text) {
  SizedText out;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  auto number = [&](auto& value, char next) {
    const auto read = std::from_chars(at, end, value);
    if (read.ec != std::errc() || read.ptr == end || *read.ptr != next) return false;
    at = read.ptr + 1;
    return true;
  };
  std::size_t count = 0;
  if (!number(out.parameters_, ' ') || !number(count, '\n') || count > text.size())
    return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    Place place;
    if (!number(place.parameter, ':') || !number(place.number, ' ')) return std::nullopt;
    if (place.parameter < kRoom || place.parameter >= out.parameters_) return std::nullopt;
    out.places_.push_back(place);
  }
  if (at == end || *at != '\n') return std::nullopt;
  out.skeleton_.assign(at + 1, end);
  if (std::count(out.skeleton_.begin(), out.skeleton_.end(), kMark) !=
      static_cast<std::ptrdiff_t>(count))
    return std::nullopt;
  return out;
}

}  // namespace bafe
