// Comes in: a vector loop whose stores run along memory. Goes out: the same loop in strips that
// are computed into private tiles and written from there around the caches. Invariant: only
// programs whose arrays exceed the caches are written so; a result that fits stays where its
// reader finds it.

#include <algorithm>

#include "bafe/base/format.h"
#include "bafe/codegen/stream_c.h"
#include "kernel.h"

namespace bafe {
namespace {

constexpr std::int64_t kStripBytes = 4096;
constexpr std::int64_t kLeastTile = 128;
constexpr std::int64_t kLeastBytes = 512;  // shorter rows lose more at their ends than they gain

bool can_stream(const ExprPool& pool, const Nest& nest, const Stmt& s, int var) {
  if (s.kind != Stmt::kStore) return false;
  const Buffer& buffer = nest.buffers[static_cast<std::size_t>(s.buffer)];
  bool hidden = false;
  bool is_dense = pool.coefficient(s.index, var, &hidden) == 1 && !hidden;
  return is_dense && buffer.kind == Buffer::kSlot && accumulator_of(buffer.dtype) == buffer.dtype;
}

}  // namespace

bool exceeds_caches(const KernelDraft& draft) {
  const LowerScope& scope = draft.scope;
  std::int64_t bytes = 0, limit = scope.target.l3_bytes / 2;
  for (const SlotUse& use : draft.slots) {
    std::int64_t own =
        use.value.valid() ? type_bytes(scope.program.graph.type(use.value)) : use.temporary_bytes;
    bytes = std::min(bytes + own, limit);
  }
  return scope.target.isa != Isa::kPlain && bytes >= limit;
}

Stmt streamed(ExprPool& pool, Nest& nest, Stmt loop) {
  if (!nest.streams || loop.step != 1) return loop;
  std::int64_t widest = 0;
  for (const Stmt& s : loop.body) {
    if (!can_stream(pool, nest, s, loop.var)) return loop;
    const Buffer& buffer = nest.buffers[static_cast<std::size_t>(s.buffer)];
    widest = std::max<std::int64_t>(widest, dtype_bytes(buffer.dtype));
  }
  bool is_tile = loop.var2 >= 0;  // rows of a tile are short, but whole lines
  if (widest == 0 || loop.count * widest < (is_tile ? kLeastTile : kLeastBytes)) return loop;
  std::int64_t strip = std::min(loop.count, kStripBytes / widest);
  std::int64_t strips = (loop.count + strip - 1) / strip;
  if (is_tile && strips > 1) return loop;
  int place = is_tile ? loop.var2 : pool.new_var(strip);
  Ex first = loop.base, left = loop.limit;
  int number = -1;
  if (strips > 1) {
    number = pool.new_var(strips);
    Ex before = pool.scale(pool.var(number), strip);
    first = pool.add(loop.base, before);
    if (left.valid()) left = pool.sub(left, before);
    if (!left.valid() && loop.count % strip != 0) left = pool.sub(pool.integer(loop.count), before);
  }
  Stmt inner = loop;
  inner.base = first;
  inner.limit = left;
  inner.count = strip;
  inner.var2 = place;
  std::vector<Stmt> body;
  std::vector<Stmt> copies;
  for (Stmt& s : inner.body) {
    Stmt copy;
    copy.kind = Stmt::kStream;
    copy.buffer2 = s.buffer;
    copy.buffer = nest.add_temporary(nest.buffers[static_cast<std::size_t>(s.buffer)].dtype, strip);
    copy.index = pool.substitute(s.index, {{loop.var, first}});
    copy.limit = left;
    copy.count = strip;
    s.buffer = copy.buffer;
    s.index = pool.var(place);
    copies.push_back(std::move(copy));
  }
  body.push_back(std::move(inner));
  for (Stmt& s : copies) body.push_back(std::move(s));
  if (number >= 0) return loop_stmt(pool, number, LoopKind::kSerial, std::move(body));
  return loop_stmt(pool, pool.new_var(1), LoopKind::kSerial, std::move(body));
}

std::string stream_copy_c(const Target& target) {
  const int width = target.vector_bytes();
  const char* store =
      target.isa == Isa::kAvx512 ? "__builtin_ia32_movntps512" : "__builtin_ia32_movntps256";
  return format(
      "typedef float bafe_line __attribute__((vector_size({0})));\n"
      "typedef float bafe_line_any __attribute__((vector_size({0}), aligned(1), may_alias));\n"
      "#ifdef __clang__\n"
      "#define BAFE_STREAM(p, x) __builtin_nontemporal_store((x), (bafe_line *)(p))\n"
      "#else\n"
      "#define BAFE_STREAM(p, x) {1}((float *)(p), (x))\n"
      "#endif\n"
      "static void bafe_stream(void *target, const void *source, long long bytes) {{\n"
      "  char *to = (char *)target;\n"
      "  const char *from = (const char *)source;\n"
      "  long long head = (long long)(-(unsigned long long)to & 63), i;\n"
      "  if (bytes <= 0) return;\n"
      "  if (head > bytes) head = bytes;\n"
      "  if (head) memcpy(to, from, (unsigned long)head);\n"
      "  for (i = head; i + 64 <= bytes; i += 64)\n"
      "    for (int j = 0; j < 64; j += {0})\n"
      "      BAFE_STREAM(to + i + j, (bafe_line)*(const bafe_line_any *)(from + i + j));\n"
      "  if (i < bytes) memcpy(to + i, from + i, (unsigned long)(bytes - i));\n"
      "}}\n",
      width, store);
}

}  // namespace bafe
