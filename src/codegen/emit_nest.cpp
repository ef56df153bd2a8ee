// Comes in: a nest. Goes out: one C function of the kernel ABI. Invariant: every block that is
// opened is closed, and a statement's expressions are declared in the innermost block that precedes
// it.
//
//   function := "int" symbol "(" abi ")" "{" pointers scratch flags {part} "return" status "}"
//   part     := "{" unit range, statements "}"

#include <algorithm>

#include "bafe/base/error.h"
#include "bafe/base/format.h"
#include "bafe/codegen/nest.h"
#include "c_expr.h"

namespace bafe {
namespace {

void collect(const Stmt& s, std::vector<Ex>& roots) {
  for (Ex e : {s.base, s.limit, s.index, s.value}) {
    if (e.valid()) roots.push_back(e);
  }
  for (const Stmt& inner : s.body) collect(inner, roots);
}

class PartEmitter {
 public:
  PartEmitter(const Nest& nest, const NestPart& part, std::set<std::string>& functions)
      : nest_(nest), part_(part), pool_(*part.pool), writer_(pool_, nest.buffers, functions) {}

  std::string run(std::int64_t first_unit) {
    std::vector<Ex> roots;
    for (const Stmt& s : part_.body) collect(s, roots);
    writer_.count_uses(roots);
    if (nest_.parts.size() == 1) {
      line("const long long unit_begin = begin, unit_end = end;");
    } else {
      line(format("const long long unit_begin = begin > {0} ? begin - {0} : 0;", first_unit));
      line(format("const long long unit_end = end < {} ? end - {} : {};", first_unit + part_.units,
                  first_unit, part_.units));
    }
    for (const Stmt& s : part_.body) statement(s);
    if (nest_.streams) line("__builtin_ia32_sfence();");
    return std::move(out_);
  }
  const CExprWriter& writer() const { return writer_; }

 private:
  void line(const std::string& text) { out_ += indent_ + text + "\n"; }
  void open(const std::string& head) {
    line(head + " {");
    indent_ += "  ";
    writer_.open();
  }
  void close() {
    writer_.close();
    indent_.resize(indent_.size() - 2);
    line("}");
  }
  void declare_var(int var, const std::string& value) {
    line(format("const long long {} = {};", writer_.var_name(var), value));
    writer_.define_var(var);
  }
  void declare(const std::vector<Ex>& roots, bool is_leaf) {
    out_ += writer_.declarations(roots, is_leaf, indent_);
  }
  std::string element(int buffer, Ex index) {
    return writer_.buffer_name(buffer) + "[" + writer_.text(index) + "]";
  }
  const Buffer& buffer(int i) const { return nest_.buffers[static_cast<std::size_t>(i)]; }

  void block(const std::vector<Stmt>& body);
  void statement(const Stmt& s);
  void units(const Stmt& s);
  void loop(const Stmt& s);
  void leaf(const Stmt& s);
  void push(const Stmt& s);
  void merge_top(const Stmt& s, int stack);
  void fold(const Stmt& s);
  void find(const Stmt& s);
  std::string open_block(const Stmt& s, std::int64_t width);
  void stream(const Stmt& s);
  void turn(const Stmt& s);
  std::string at_most(Ex limit, std::int64_t count);
  void decode(const std::vector<UnitVar>& vars, const std::string& flat);

  const Nest& nest_;
  const NestPart& part_;
  const ExprPool& pool_;
  CExprWriter writer_;
  std::string out_, indent_ = "    ";
  int next_count_ = 0;
};

void PartEmitter::block(const std::vector<Stmt>& body) {
  for (const Stmt& s : body) statement(s);
}

/// slowest first: the last variable changes with every step of `flat`.
void PartEmitter::decode(const std::vector<UnitVar>& vars, const std::string& flat) {
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

void PartEmitter::units(const Stmt& s) {
  std::vector<Ex> roots;
  collect(s, roots);
  declare(roots, false);
  int wide = 0;
  __int128 steps = 1;
  for (const UnitVar& v : s.unit_vars) {
    wide += v.extent > 1;
    steps *= v.extent;
    BAFE_CHECK(steps <= std::int64_t{1} << 62, "steps of a kernel are counted in 62 bits");
  }
  std::string per = std::to_string(s.per), total = std::to_string(s.total);
  if (s.per > 1) {
    line(format("const long long stop = unit_end * {0} < {1} ? unit_end * {0} : {1};", per, total));
  } else {
    line("const long long stop = unit_end;");
  }
  std::string first = s.per > 1 ? "unit_begin * " + per : "unit_begin";
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
  std::string count = std::to_string(s.count), i = writer_.var_name(s.var);
  bool is_plain = s.step == 1 && pool_.is_constant(s.base) && pool_.node(s.base).number == 0;
  if (s.limit.valid()) {
    std::string limit = writer_.text(s.limit);
    std::string name = format("count{}", next_count_++);
    line(format("const long long {0} = {1} < {2} ? {1} : {2};", name, limit, count));
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

}  // namespace

std::string emit_nest_c(const Nest& nest, std::set<std::string>& functions) {
  std::string parts;
  std::int64_t first = 0;
  bool checks_index = false, checks_power = false, checks_divisor = false;
  for (const NestPart& part : nest.parts) {
    PartEmitter emitter(nest, part, functions);
    std::string text = emitter.run(first);
    checks_index |= emitter.writer().checks_index();
    checks_power |= emitter.writer().checks_power();
    checks_divisor |= emitter.writer().checks_divisor();
    bool is_only = nest.parts.size() == 1;
    std::string guard =
        is_only ? "  {\n" : format("  if (begin < {} && end > {}) {{\n", first + part.units, first);
    parts += guard + text + "  }\n";
    first += part.units;
  }
  std::string s = "int " + nest.symbol +
                  "(void *const *slot, const long long *size, void *scratch, long long begin, long "
                  "long end) {\n"
                  "  (void)size; (void)scratch;\n";
  s += buffers_c(nest);
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
