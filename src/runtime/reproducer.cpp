// In: a program, arguments and what was found. Out: a Python file that shows it again. Constants
// become inputs, so the text alone says what is computed; text of the user (names) stands inside a
// quoted string only. Arguments of more than kMostInline bytes lie in a file beside.

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "bafe/base/format.h"
#include "bafe/base/options.h"
#include "bafe/ir/text.h"
#include "bafe/runtime/cache_folder.h"
#include "bafe/runtime/judge.h"

namespace bafe {
namespace {

constexpr std::int64_t kMostInline = 1 << 20;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n\"\n    \"";
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f) {
      out += format("\\x{:02x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string hex_of(const std::byte* data, std::int64_t bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(static_cast<std::size_t>(2 * bytes));
  for (std::int64_t i = 0; i < bytes; ++i) {
    out += digits[static_cast<int>(data[i]) >> 4];
    out += digits[static_cast<int>(data[i]) & 15];
  }
  return out;
}

template <class T>
std::string tuple_of(const std::vector<T>& numbers) {
  std::string out = "(";
  for (const T& number : numbers) out += format("{}, ", number);
  return out + ")";
}

/// One argument: its type, how it lies in memory, and its bytes.
struct Argument {
  BufferSpec spec;
  const std::byte* data = nullptr;
};

/// The program with its constants as further inputs, whose values are added to `arguments`.
Graph without_constants(const StagedProgram& program, std::vector<Argument>& arguments) {
  Graph out;
  for (const InputInfo& input : program.graph.inputs()) out.add_input(input);
  std::vector<ValueId> made(program.graph.size());
  for (ValueId id : program.graph.live()) {
    const Node& node = program.graph.node(id);
    std::string digest;
    for (const AttrValue& attr : node.attrs) {
      if (const std::string* text = std::get_if<std::string>(&attr)) digest = *text;
    }
    const bool is_leaf = node.operands.empty();
    const auto constant = is_leaf ? program.constants.find(digest) : program.constants.end();
    if (constant != program.constants.end()) {
      InputInfo info;
      info.name = format("constant{}", arguments.size());
      info.type = node.type;
      made[id.index()] = out.add_input(info);
      std::vector<int> order(node.type.shape.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
      arguments.push_back({{node.type, std::move(order)}, constant->second.data()});
      continue;
    }
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands) operands.push_back(made[operand.index()]);
    made[id.index()] = out.add(node.op, std::move(operands), node.attrs);
  }
  std::vector<ValueId> roots;
  for (ValueId root : program.graph.roots()) roots.push_back(made[root.index()]);
  out.set_roots(std::move(roots));
  return out;
}

std::string report_folder(const std::string& cache) {
  if (!cache.empty()) {
    const std::string folder = cache + "/reports";
    if (prepare_cache_folder(folder).empty()) return folder;
  }
  std::string made = system_variable("TMPDIR").value_or("/tmp") + "/bafe-report-XXXXXX";
  return mkdtemp(made.data()) ? made : std::string();
}

const char* math_name(Math math) {
  return math == Math::kBits ? "bits" : math == Math::kFast ? "fast" : "reals";
}

}  // namespace

std::string write_reproducer(const StagedProgram& program, const Executable& first,
                             const Sample& sample, const std::string& fact,
                             const std::string& cache) {
  const std::string folder = report_folder(cache);
  if (folder.empty()) return {};
  std::vector<Argument> arguments;
  for (std::size_t i = 0; i < first.inputs().size(); ++i)
    arguments.push_back(
        {first.inputs()[i], static_cast<const std::byte*>(sample.inputs.pointers[i])});
  const Graph graph = without_constants(program, arguments);
  std::int64_t total = 0;
  for (const Argument& argument : arguments) total += type_bytes(argument.spec.type);
  const std::string name = "kernel-" + program.key.hex().substr(0, 16);
  std::string bytes, list;
  for (const Argument& argument : arguments) {
    const std::int64_t size = type_bytes(argument.spec.type);
    const std::string value = total <= kMostInline ? format("\"{}\"", hex_of(argument.data, size))
                                                   : format("{}", bytes.size());
    if (total > kMostInline)
      bytes.append(reinterpret_cast<const char*>(argument.data), static_cast<std::size_t>(size));
    list +=
        format("    (\"{}\", {}, {}, {}),\n", dtype_info(argument.spec.type.dtype).name,
               tuple_of(concrete(argument.spec.type.shape)), tuple_of(argument.spec.order), value);
  }
  const std::string script = format(
      "\"\"\"A kernel that BAFE compiled differed from the program's meaning.\n\n"
      "Ends with code 1 while it does. {} arguments.\n\"\"\"\n\n"
      "from bafe.staging import reproduce\n\n"
      "FOUND = {}\nPROGRAM = (\n    {}\n)\n"
      "# dtype, shape, axes as they lie in memory, bytes (or where they begin in the file beside)\n"
      "ARGUMENTS = [\n{}]\n\n"
      "MATH = \"{}\"\n\n"
      "raise SystemExit(reproduce(PROGRAM, ARGUMENTS, math=MATH, found=FOUND, beside=__file__))\n",
      sample.is_live ? "A call's" : "Drawn", quoted(fact), quoted(print_program(graph)), list,
      math_name(program.options.math));
  const std::string path = format("{}/{}.py", folder, name);
  if (!bytes.empty() && !publish_file(format("{}/{}.bin", folder, name), bytes)) return {};
  return publish_file(path, script) ? path : std::string();
}

}  // namespace bafe
