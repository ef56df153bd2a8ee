// In: a case. Out: Python text that runs the program compiled and interpreted. A rule that is wrong
// shows there only when the search chooses by it; the case's own file names the rule and both
// terms.

#include "bafe/base/format.h"
#include "bafe/fuzz/minimise.h"
#include "bafe/ir/text.h"

namespace bafe {
namespace {

std::string triple_quoted(const std::string& text) { return "\"\"\"\n" + text + "\n\"\"\""; }

std::string hex_of(const Tensor& x) {
  std::string out;
  const auto* data = reinterpret_cast<const unsigned char*>(x.data());
  const std::int64_t bytes = x.count() * dtype_bytes(x.type().dtype);
  for (std::int64_t i = 0; i < bytes; ++i) out += format("{:02x}", data[i]);
  return out;
}

std::string argument(const Tensor& x) {
  std::string shape, order;
  for (std::int64_t n : concrete(x.type().shape)) shape += format("{}, ", n);
  for (int i = 0; i < x.type().rank(); ++i) order += format("{}, ", i);
  return format("    (\"{}\", ({}), ({}), \"{}\"),\n", dtype_info(x.type().dtype).name, shape,
                order, hex_of(x));
}

}  // namespace

std::string fuzz_script(const FuzzCase& one, const std::string& found) {
  static const char* const kMath[] = {"bits", "reals", "fast"};
  std::string arguments;
  for (const Tensor& x : fuzz_inputs(one, 0)) arguments += argument(x);
  std::string fact = found.substr(0, found.find('\n'));
  for (char& c : fact) {
    if (c == '"' || c == '\\') c = '\'';
  }
  return format(
      "from bafe.staging import reproduce\n\n"
      "PROGRAM = {}\n"
      "ARGUMENTS = [  # dtype, shape, axes as they lie in memory, bytes\n{}]\n"
      "FOUND = \"{}\"\n"
      "raise SystemExit(\n"
      "    reproduce(PROGRAM, ARGUMENTS, math=\"{}\", found=FOUND, beside=__file__)\n"
      ")\n",
      triple_quoted(print_program(one.graph)), arguments, fact,
      kMath[static_cast<int>(one.settings.math)]);
}

}  // namespace bafe
