// Comes in: statements over whole blocks of a private buffer: trees of partial sums, folds of
// lanes, tiles turned or written around the caches, searches. Goes out: their C text. Invariant:
// the length of a block is a constant; only how much of it is filled may be read at run time.

#include <algorithm>

#include "part_emitter.h"

namespace bafe {

void PartEmitter::merge_top(const Stmt& s, int stack) {
  std::string b = writer_.buffer_name(stack), count = std::to_string(s.count);
  line("#pragma GCC unroll 1");
  line("#pragma GCC ivdep");
  open(format("for (long long l = 0; l < {}; ++l)", count));
  std::string left = format("{}[(depth{} - 2) * {} + l]", b, stack, count);
  std::string right = format("{}[(depth{} - 1) * {} + l]", b, stack, count);
  line(left + " = " + writer_.combined(s.reduce, buffer(stack).dtype, left, right, nest_.quiet) +
       ";");
  close();
  line(format("--depth{};", stack));
}

void PartEmitter::push(const Stmt& s) {
  int stack = s.buffer2;
  std::string b = writer_.buffer_name(stack), from = writer_.buffer_name(s.buffer);
  declare({s.index}, true);
  std::string run = writer_.text(s.index);
  line(format("if ({} == 0) depth{} = 0;", run, stack));
  std::string size = compute_c(buffer(stack).dtype);
  line(format("memcpy({0} + depth{1}++ * {2}, {3}, {2} * sizeof({4}));", b, stack, s.count, from,
              size));
  open(format("for (unsigned long long digits = {} + 1; (digits & 1) == 0; digits >>= 1)", run));
  merge_top(s, stack);
  close();
}

void PartEmitter::fold(const Stmt& s) {
  std::string b = writer_.buffer_name(s.buffer);
  DType dtype = buffer(s.buffer).dtype;
  auto level = [&](const std::string& width) {
    line("#pragma GCC unroll 1");
    line("#pragma GCC ivdep");
    open(format("for (long long l = 0; l < {}; ++l)", width));
    line(format(
        "{0}[l] = {1};", b,
        writer_.combined(s.reduce, dtype, b + "[l]", b + "[l + " + width + "]", nest_.quiet)));
    close();
  };
  // Half the lanes, a quarter, … one: of known length, they stay in registers.
  if (s.count == 1) {
    for (std::int64_t w = s.step / 2; w >= 1; w /= 2) level(std::to_string(w));
  } else if (s.step > 1) {
    open(format("for (long long w = {}; w >= {}; w /= 2)", s.step / 2 * s.count, s.count));
    level("w");
    close();
  }
}

std::string PartEmitter::at_most(Ex limit, std::int64_t count) {
  if (!limit.valid()) return std::to_string(count);
  return format("({0} < {1} ? {0} : {1})", writer_.text(limit), count);
}

/// The tile's buffer may hold wider elements only where both have the same bytes.
void PartEmitter::turn(const Stmt& s) {
  declare({s.index}, true);
  line(format("bafe_turn{}({}, {} + {}, {}, {}, {});", dtype_bytes(buffer(s.buffer2).dtype),
              writer_.buffer_name(s.buffer), writer_.buffer_name(s.buffer2), writer_.text(s.index),
              s.step, at_most(s.base, s.count), at_most(s.limit, s.count)));
  writer_.forget_loads(s.buffer);
}

/// Opens a loop over a block of places and says whether one is a hit.
std::string PartEmitter::open_block(const Stmt& s, std::int64_t width) {
  line("#pragma GCC ivdep");
  open(format("for (int j = 0; j < {}; ++j)", width));
  declare_var(s.var, "at + j");
  declare({s.value}, true);
  return writer_.text(s.value);
}

/// Blocks of few vectors, the last one ending with the array; in the first that has a hit, the
/// least place.
void PartEmitter::find(const Stmt& s) {
  constexpr std::int64_t kWidth = 128;
  declare({s.base, s.value}, false);
  std::string name = writer_.local_name(s.number);
  std::int64_t width = std::min<std::int64_t>(s.count, kWidth);
  line(format("long long {} = {};", name, writer_.text(s.base)));
  open(format("for (long long k = {0}; k < {1}; k += {2})", name, s.count, width));
  line(format("const long long at = k < {0} ? k : {0};", s.count - width));
  line("int any = 0;");
  std::string hit = open_block(s, width);
  line("any |= " + hit + ";");
  close();
  line("if (!any) continue;");
  line(format("int least = {};", width));
  hit = open_block(s, width);
  line(format("const int here = {} ? j : {};", hit, width));
  line("least = here < least ? here : least;");
  close();
  line(name + " = at + least;");
  line("break;");
  close();
  writer_.define_local(s.number);
}

void PartEmitter::stream(const Stmt& s) {
  declare({s.index}, true);
  std::string count = at_most(s.limit, s.count);
  line(format("bafe_stream({} + {}, {}, {} * (long long)sizeof({}));",
              writer_.buffer_name(s.buffer2), writer_.text(s.index), writer_.buffer_name(s.buffer),
              count, compute_c(buffer(s.buffer).dtype)));
}

}  // namespace bafe
