// Comes in: a nest and arrays. Goes out: the arrays after units [begin, end), or the place of the
// first mistake. Invariant: a statement does here, element by element, what its C text does in
// blocks (emit_nest.cpp, emit_blocks.cpp).

#include "bafe/codegen/nest_interpreter.h"

#include "nest_evaluator.h"

namespace bafe {
namespace {

/// How the elements of each buffer are combined, if they are.
void find_kinds(const std::vector<Stmt>& body, std::map<int, ReduceKind>& kinds) {
  for (const Stmt& s : body) {
    const bool combines = s.kind == Stmt::kCombine || s.kind == Stmt::kFold ||
                          s.kind == Stmt::kMerge || s.kind == Stmt::kPush;
    if (combines) kinds.emplace(s.buffer, s.reduce);
    find_kinds(s.body, kinds);
  }
}

template <class N>
class PartRunner {
 public:
  using Value = typename N::Value;

  PartRunner(const NestPart& part, NestMemory<N>& memory, NestNow& now,
             std::span<const std::int64_t> sizes)
      : part_(part), memory_(memory), now_(now), eval_(part, memory, now, sizes) {
    find_kinds(part.body, kinds_);
  }

  std::int64_t units() {
    return part_.units == kSized ? eval_.index(part_.sized_units) : part_.units;
  }
  /// Units [begin, end) of the part; the first unit of it is number `first` of the nest.
  int run(std::int64_t first, std::int64_t begin, std::int64_t end) {
    first_ = first;
    begin_ = begin;
    end_ = end;
    block(part_.body);
    return eval_.status();
  }

 private:
  void block(const std::vector<Stmt>& body) {
    for (const Stmt& s : body) statement(s);
  }

  void statement(const Stmt& s) {
    static constexpr const char* kNames[] = {"units", "loop",  "let",  "store",  "combine", "clear",
                                             "push",  "merge", "turn", "stream", "find",    "fold"};
    now_.statement = kNames[s.kind];
    switch (s.kind) {
      case Stmt::kUnits:
        return all_units(s);
      case Stmt::kLoop:
        return loop(s);
      case Stmt::kLet:
        return eval_.set_local(s.number, eval_.value(s.value));
      case Stmt::kStore: {
        const Value value = eval_.value(s.value);
        return memory_.store(s.buffer, eval_.index(s.index), value);
      }
      case Stmt::kCombine: {
        const Value value = eval_.value(s.value);
        const std::int64_t at = eval_.index(s.index);
        return memory_.store(s.buffer, at, combined(s, s.buffer, known(s.buffer, at), value));
      }
      case Stmt::kClear:
        return clear(s);
      case Stmt::kPush:
        return push(s);
      case Stmt::kMerge:
        while (depths_[s.buffer] > 1) merge_top(s, s.buffer);
        return;
      case Stmt::kTurn:
        return turn(s);
      case Stmt::kStream: {
        const std::int64_t at = eval_.index(s.index), count = at_most(s.limit, s.count);
        for (std::int64_t i = 0; i < count; ++i)
          memory_.store(s.buffer2, at + i, known(s.buffer, i));
        return;
      }
      case Stmt::kFind:
        return find(s);
      case Stmt::kFold:
        for (std::int64_t w = s.step / 2 * s.count; w >= s.count; w /= 2) {
          for (std::int64_t l = 0; l < w; ++l) combine_places(s, s.buffer, l, l + w);
        }
        return;
    }
  }

  void all_units(const Stmt& s) {
    const std::int64_t per = s.per == kSized ? eval_.index(s.base) : s.per;
    const std::int64_t total = s.total == kSized ? eval_.index(s.limit) : s.total;
    // A kernel without a split does as C does: units are its iterations.
    const std::int64_t stop = s.per == 1 ? end_ : std::min(end_ * per, total);
    const VectorScope scope(*this, s.loop);
    for (std::int64_t flat = begin_ * per; flat < stop; ++flat) {
      now_.unit = first_ + flat / per;
      now_.turn = ++turns_;
      now_.lane = flat;
      eval_.forget_locals();
      decode(s.unit_vars, flat);
      block(s.body);
      now_.statement = "units";
    }
    now_.unit = -1;
  }

  void decode(const std::vector<UnitVar>& vars, std::int64_t flat) {
    std::size_t first = 0;
    while (first < vars.size() && vars[first].extent == 1) ++first;
    for (std::size_t i = vars.size(); i-- > first;) {
      if (vars[i].extent == 1) continue;
      const std::int64_t extent = vars[i].extent == kSized
                                      ? eval_.index(eval_.pool().extent_of(vars[i].var))
                                      : vars[i].extent;
      eval_.set_var(vars[i].var, i == first ? flat : flat % extent);
      flat /= extent;
    }
  }

  void loop(const Stmt& s) {
    std::int64_t count = s.count;
    if (s.limit.valid()) {
      const std::int64_t limit = eval_.index(s.limit);
      count = s.count == kSized ? limit : std::min(limit, s.count);
    }
    const std::int64_t base = s.base.valid() ? eval_.index(s.base) : 0;
    const VectorScope scope(*this, s.loop);
    now_.loops.emplace_back(s.var, 0);
    for (std::int64_t k = 0; k < count; ++k) {
      now_.loops.back().second = base + k * s.step;
      if (s.loop != LoopKind::kSerial) now_.lane = k;
      eval_.set_var(s.var, base + k * s.step);
      if (s.var2 >= 0) eval_.set_var(s.var2, k);
      block(s.body);
      now_.statement = "loop";
    }
    now_.loops.pop_back();
  }

  Value known(int buffer, std::int64_t at) {
    const std::optional<Value> value = memory_.load(buffer, at);
    if (!value)
      nest_fails(now_, format("element {} of buffer {} is used, nobody wrote it", at, buffer));
    return *value;
  }

  Value combined(const Stmt& s, int buffer, Value old, Value value) const {
    const bool is_max = s.reduce == ReduceKind::kMax || s.reduce == ReduceKind::kArgMax;
    const Prim prim = s.reduce == ReduceKind::kSum    ? Prim::kAdd
                      : s.reduce == ReduceKind::kProd ? Prim::kMul
                      : is_max                        ? Prim::kMax
                                                      : Prim::kMin;
    return N::prim(prim, memory_.buffer(buffer).dtype, old, value);
  }

  /// Columns past the end of a row of blocks are combined too: nothing with nothing is nothing.
  void combine_places(const Stmt& s, int buffer, std::int64_t left, std::int64_t right) {
    if (!memory_.load(buffer, left) && !memory_.load(buffer, right)) return;
    const Value a = known(buffer, left), b = known(buffer, right);
    memory_.store(buffer, left, combined(s, buffer, a, b));
  }

  void clear(const Stmt& s) {
    const ExNode& n = eval_.pool().node(s.value);
    const auto kind = kinds_.find(s.buffer);
    const bool is_neutral = kind != kinds_.end() && n.kind == ExKind::kConst &&
                            n.bits == neutral_of(kind->second, n.dtype).bits;
    const Value value = is_neutral ? N::neutral(kind->second, n.dtype) : eval_.value(s.value);
    for (std::int64_t i = 0; i < s.count; ++i) memory_.store(s.buffer, i, value);
  }

  void push(const Stmt& s) {
    const std::int64_t run = eval_.index(s.index);
    std::int64_t& depth = depths_[s.buffer2];
    if (run == 0) depth = 0;
    for (std::int64_t l = 0; l < s.count; ++l)
      memory_.copy(s.buffer2, depth * s.count + l, s.buffer, l);
    ++depth;
    for (auto digits = static_cast<std::uint64_t>(run) + 1; (digits & 1) == 0; digits >>= 1)
      merge_top(s, s.buffer2);
  }

  void merge_top(const Stmt& s, int stack) {
    std::int64_t& depth = depths_[stack];
    if (depth < 2) nest_fails(now_, format("stack {} has {} levels to merge", stack, depth));
    for (std::int64_t l = 0; l < s.count; ++l)
      combine_places(s, stack, (depth - 2) * s.count + l, (depth - 1) * s.count + l);
    --depth;
  }

  std::int64_t at_most(Ex limit, std::int64_t count) {
    return limit.valid() ? std::min(eval_.index(limit), count) : count;
  }

  void turn(const Stmt& s) {
    const std::int64_t at = eval_.index(s.index);
    const std::int64_t rows = at_most(s.base, s.count), columns = at_most(s.limit, s.count);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c)
        memory_.store(s.buffer, c * s.count + r, known(s.buffer2, at + r * s.step + c));
    }
  }

  void find(const Stmt& s) {
    const std::int64_t base = eval_.index(s.base);
    std::int64_t place = base;
    for (; place < s.count; ++place) {
      eval_.set_var(s.var, place);
      if (N::holds(eval_.value(s.value))) break;
    }
    if (place >= s.count) place = base;
    eval_.set_local(s.number, N::of_int(place));
  }

  /// The iterations of the innermost vector loop must not meet.
  class VectorScope {
   public:
    VectorScope(PartRunner& runner, LoopKind kind)
        : now_(runner.now_), loop_(now_.vector_loop), lane_(now_.lane) {
      if (kind != LoopKind::kSerial) now_.vector_loop = ++runner.vector_loops_;
    }
    ~VectorScope() {
      now_.vector_loop = loop_;
      now_.lane = lane_;
    }
    VectorScope(const VectorScope&) = delete;
    VectorScope& operator=(const VectorScope&) = delete;

   private:
    NestNow& now_;
    std::int64_t loop_, lane_;
  };

  const NestPart& part_;
  NestMemory<N>& memory_;
  NestNow& now_;
  NestEvaluator<N> eval_;
  std::map<int, ReduceKind> kinds_;
  std::map<int, std::int64_t> depths_;
  std::int64_t first_ = 0, begin_ = 0, end_ = 0;
  // Never the same twice: ranges of one launch share arrays, and their stamps must differ.
  static inline thread_local std::int64_t turns_ = 0, vector_loops_ = 0;
};

template <class N>
NestRun run_nest(const Nest& nest, std::span<NestArray<typename N::Value>* const> slots,
                 std::span<const std::int64_t> sizes, std::int64_t begin, std::int64_t end) {
  NestRun out;
  NestNow now;
  try {
    NestMemory<N> memory(nest, slots, now);
    std::int64_t first = 0;
    for (std::size_t p = 0; p < nest.parts.size(); ++p) {
      now = NestNow{};
      now.part = p;
      PartRunner<N> part(nest.parts[p], memory, now, sizes);
      const bool is_only = nest.parts.size() == 1;
      const std::int64_t units = is_only ? end - first : part.units(), last = first + units;
      if (begin < last && end > first) {
        now.only_unit = nest.parts[p].units == 1 ? first : -1;
        const int status =
            part.run(first, std::max(begin - first, std::int64_t{0}), std::min(end, last) - first);
        if (out.status == kKernelOk) out.status = status;
      }
      first = last;
    }
  } catch (NestFault& fault) {
    out.fault = std::move(fault);
  }
  return out;
}

}  // namespace

NestRun run_nest_zp(const Nest& nest, std::span<NestArray<std::uint64_t>* const> slots,
                    std::span<const std::int64_t> sizes, std::int64_t begin, std::int64_t end) {
  return run_nest<ZpNumbers>(nest, slots, sizes, begin, end);
}

NestRun run_nest_f64(const Nest& nest, std::span<NestArray<double>* const> slots,
                     std::span<const std::int64_t> sizes, std::int64_t begin, std::int64_t end) {
  return run_nest<RealNumbers>(nest, slots, sizes, begin, end);
}

}  // namespace bafe
