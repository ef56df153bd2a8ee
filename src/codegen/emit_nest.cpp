// Comes in: a nest. Goes out: one C function of the kernel ABI. Invariant: every block that is
// opened is closed, and a statement's expressions are declared in the innermost block that precedes
// it.
//
//   function := "int" symbol "(" abi ")" "{" pointers scratch flags {part} "return" status "}"
//   part     := "{" unit range, statements "}"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "part_emitter.h"

namespace bafe {

void collect(const Stmt& s, std::vector<Ex>& roots) {
  for (Ex e : {s.base, s.limit, s.index, s.value}) {
    if (e.valid()) roots.push_back(e);
  }
  for (const Stmt& inner : s.body) collect(inner, roots);
}

std::string PartEmitter::run(const std::string& first, const std::string& last) {
  std::vector<Ex> roots;
  for (const Stmt& s : part_.body) collect(s, roots);
  writer_.count_uses(roots);
  if (nest_.parts.size() == 1) {
    line("const long long unit_begin = begin, unit_end = end;");
  } else {
    line(format("const long long unit_begin = begin > {0} ? begin - {0} : 0;", first));
    line(format("const long long unit_end = end < {} ? end - {} : {};", last, first, units_text()));
  }
  for (const Stmt& s : part_.body) statement(s);
  if (nest_.streams) line("__builtin_ia32_sfence();");
  return std::move(out_);
}

void PartEmitter::block(const std::vector<Stmt>& body) {
  for (const Stmt& s : body) statement(s);
}

static bool is_sized(const std::vector<UnitVar>& vars) {
  return std::any_of(vars.begin(), vars.end(), [](const UnitVar& v) { return v.extent == kSized; });
}

/// slowest first: the last variable changes with every step of `flat`.
void PartEmitter::decode(const std::vector<UnitVar>& vars, const std::string& flat) {
  if (is_sized(vars)) return decode_sized(vars, flat);
  std::int64_t stride = 1;
  for (const UnitVar& v : vars) stride *= v.extent;
  bool is_first = true;
  for (const UnitVar& v : vars) {
    stride /= v.extent;
    if (v.extent == 1) continue;
    std::string value = stride == 1 ? flat : format("{} / {}", flat, stride);
    if (!is_first)
      value = stride == 1 ? format("{} % {}", flat, v.extent) : format("{} % {}", value, v.extent);
    is_first = false;
    declare_var(v.var, value);
  }
}

/// Digits of `flat`, the last variable's first; what is left is the first variable.
void PartEmitter::decode_sized(const std::vector<UnitVar>& vars, const std::string& flat) {
  std::string left = flat;
  for (std::size_t i = vars.size(); i-- > 0;) {
    if (vars[i].extent == 1) continue;
    if (i == 0) return declare_var(vars[i].var, left);
    const std::string extent = writer_.text(pool_.extent_of(vars[i].var));
    declare_var(vars[i].var, format("{} % {}", left, extent));
    line(format("const long long left{} = {} / {};", i, left, extent));
    left = format("left{}", i);
  }
}

void PartEmitter::units(const Stmt& s) {
  std::vector<Ex> roots;
  collect(s, roots);
  declare(roots, false);
  int wide = 0;
  __int128 steps = 1;
  for (const UnitVar& v : s.unit_vars) {
    wide += v.extent != 1;
    steps *= v.extent == kSized ? 1 : v.extent;
    BAFE_CHECK(steps <= std::int64_t{1} << 62, "steps of a kernel are counted in 62 bits");
  }
  std::string per = s.per == kSized ? writer_.text(s.base) : std::to_string(s.per);
  std::string total = s.total == kSized ? writer_.text(s.limit) : std::to_string(s.total);
  if (s.per != 1) {
    line(format("const long long stop = unit_end * {0} < {1} ? unit_end * {0} : {1};", per, total));
  } else {
    line("const long long stop = unit_end;");
  }
  std::string first = s.per != 1 ? "unit_begin * " + per : "unit_begin";
  if (s.loop == LoopKind::kVector) line("#pragma GCC ivdep");
  if (wide == 1) {
    for (const UnitVar& v : s.unit_vars) {
      if (v.extent == 1) continue;
      std::string i = writer_.var_name(v.var);
      open(format("for (long long {0} = {1}; {0} < stop; ++{0})", i, first));
      writer_.define_var(v.var);
    }
  } else {
    open(format("for (long long u = {}; u < stop; ++u)", first));
    decode(s.unit_vars, "u");
  }
  block(s.body);
  close();
}

void PartEmitter::loop(const Stmt& s) {
  std::vector<Ex> roots;
  collect(s, roots);
  declare(roots, false);
  BAFE_CHECK(s.count != kSized || s.limit.valid(), "a loop ends");
  std::string count = std::to_string(s.count), i = writer_.var_name(s.var);
  bool is_plain = s.step == 1 && pool_.is_constant(s.base) && pool_.node(s.base).number == 0;
  if (s.limit.valid()) {
    std::string limit = writer_.text(s.limit);
    std::string name = format("count{}", next_count_++);
    line(s.count == kSized
             ? format("const long long {} = {};", name, limit)
             : format("const long long {0} = {1} < {2} ? {1} : {2};", name, limit, count));
    count = name;
  }
  // Few vectors each: unrolled, the accumulators stay in registers.
  if (s.loop == LoopKind::kLanes) line(format("#pragma GCC unroll {}", s.count > 16 ? 8 : 4));
  if (s.loop != LoopKind::kSerial) line("#pragma GCC ivdep");
  std::string k = is_plain ? i : format("k{}", s.var);
  open(format("for (long long {0} = 0; {0} < {1}; ++{0})", k, count));
  if (is_plain) {
    writer_.define_var(s.var);
  } else {
    std::string at = s.step == 1 ? k : format("{} * {}", k, s.step);
    declare_var(s.var, writer_.text(s.base) + " + " + at);
  }
  if (s.var2 >= 0) declare_var(s.var2, k);
  block(s.body);
  close();
}

void PartEmitter::leaf(const Stmt& s) {
  std::vector<Ex> roots;
  collect(s, roots);
  declare(roots, true);
  if (s.kind == Stmt::kLet) {
    line(format("const {} {} = {};", compute_c(pool_.node(s.value).dtype),
                writer_.local_name(s.number), writer_.text(s.value)));
    writer_.define_local(s.number);
    return;
  }
  std::string place = element(s.buffer, s.index);
  DType dtype = buffer(s.buffer).dtype;
  std::string value = s.kind == Stmt::kStore ? writer_.stored(s.value, dtype)
                                             : writer_.combined(s.reduce, dtype, place,
                                                                writer_.text(s.value), nest_.quiet);
  line(place + " = " + value + ";");
  writer_.forget_loads(s.buffer);
}

void PartEmitter::statement(const Stmt& s) {
  switch (s.kind) {
    case Stmt::kUnits:
      return units(s);
    case Stmt::kLoop:
      return loop(s);
    case Stmt::kLet:
    case Stmt::kStore:
    case Stmt::kCombine:
      return leaf(s);
    case Stmt::kPush:
      return push(s);
    case Stmt::kMerge:
      open(format("while (depth{} > 1)", s.buffer));
      merge_top(s, s.buffer);
      return close();
    case Stmt::kFold:
      return fold(s);
    case Stmt::kFind:
      return find(s);
    case Stmt::kStream:
      return stream(s);
    case Stmt::kTurn:
      return turn(s);
    case Stmt::kClear:
      declare({s.value}, true);
      open(format("for (long long l = 0; l < {}; ++l)", s.count));
      line(format("{}[l] = {};", writer_.buffer_name(s.buffer), writer_.text(s.value)));
      return close();
  }
}

namespace {

std::set<int> stacks_of(const std::vector<Stmt>& body) {
  std::set<int> stacks;
  for (const Stmt& s : body) {
    if (s.kind == Stmt::kPush) stacks.insert(s.buffer2);
    for (int inner : stacks_of(s.body)) stacks.insert(inner);
  }
  return stacks;
}

std::string buffers_c(const Nest& nest) {
  std::string s;
  for (std::size_t i = 0; i < nest.buffers.size(); ++i) {
    const Buffer& b = nest.buffers[i];
    const char* type =
        b.kind == Buffer::kSlot ? dtype_info(b.dtype).c_text.data() : compute_c(b.dtype);
    if (b.kind == Buffer::kSlot) {
      const char* qualifier = b.is_written ? "" : "const ";
      s += format("  {0}{1} *restrict p{2} = ({0}{1} *)slot[{3}];\n", qualifier, type, i, b.slot);
    } else if (b.kind == Buffer::kScratch) {
      s += format("  {0} *restrict b{1} = ({0} *)((char *)scratch + {2});\n", type, i, b.offset);
    } else {
      s += format("  {} b{}[{}] __attribute__((aligned(64)));\n", type, i, b.count);
    }
  }
  return s;
}

/// The sizes that the parts read, named once.
std::string sizes_c(const Nest& nest) {
  std::set<std::int64_t> sizes;
  for (const NestPart& part : nest.parts) {
    for (std::uint32_t i = 0; i < part.pool->size(); ++i) {
      const ExNode& n = part.pool->node(Ex{i});
      if (n.kind == ExKind::kSize) sizes.insert(n.number);
    }
  }
  std::string s;
  for (std::int64_t k : sizes) s += format("  const long long s{0} = size[{0}];\n", k);
  return s;
}

}  // namespace

std::string emit_nest_c(const Nest& nest, std::set<std::string>& functions) {
  std::string parts, first = "0";
  std::int64_t known = 0;  // units before this part
  bool checks_index = false, checks_power = false, checks_divisor = false;
  for (const NestPart& part : nest.parts) {
    PartEmitter emitter(nest, part, functions);
    const bool is_only = nest.parts.size() == 1;
    known = part.units == kSized || known == kSized ? kSized : known + part.units;
    std::string last = std::to_string(known);
    if (known == kSized) last = is_only ? "end" : format("({} + {})", first, emitter.units_text());
    std::string text = emitter.run(first, last);
    checks_index |= emitter.writer().checks_index();
    checks_power |= emitter.writer().checks_power();
    checks_divisor |= emitter.writer().checks_divisor();
    std::string guard =
        is_only ? "  {\n" : format("  if (begin < {} && end > {}) {{\n", last, first);
    parts += guard + text + "  }\n";
    first = last;
  }
  std::string s = "int " + nest.symbol +
                  "(void *const *slot, const long long *size, void *scratch, long long begin, long "
                  "long end) {\n"
                  "  (void)size; (void)scratch;\n";
  s += sizes_c(nest) + buffers_c(nest);
  std::set<int> stacks;
  for (const NestPart& part : nest.parts) stacks.merge(stacks_of(part.body));
  for (int stack : stacks) s += format("  int depth{} = 0;\n", stack);
  if (checks_index) s += "  int bad_index = 0;\n";
  if (checks_power) s += "  int bad_power = 0;\n";
  if (checks_divisor) s += "  int bad_divisor = 0;\n";
  s += parts;
  std::string status = checks_power ? "bad_power ? 2 : 0" : "0";
  if (checks_divisor) status = "bad_divisor ? 6 : " + status;
  if (checks_index) status = "bad_index ? 1 : " + status;
  return s + "  return " + status + ";\n}\n";
}

}  // namespace bafe
