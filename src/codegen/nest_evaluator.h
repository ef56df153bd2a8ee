#pragma once
/// Expressions and memory of one launch of a nest over numbers N. Private to
/// src/codegen/nest_interpreter.cpp.

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bafe/base/format.h"
#include "bafe/codegen/nest_interpreter.h"
#include "nest_numbers.h"

namespace bafe {

/// What is executed at the moment: it stands in errors and in the stamps of written elements.
struct NestNow {
  std::int64_t unit = -1, turn = -1;       ///< -1: outside of the loop over units
  std::int64_t vector_loop = 0, lane = 0;  ///< the vector loop entered last, its iteration
  std::vector<std::pair<int, std::int64_t>> loops;
  std::size_t part = 0;
  std::int64_t only_unit = -1;  ///< of a part that has one
  const char* statement = "units";
};

[[noreturn]] inline void nest_fails(const NestNow& now, std::string fact) {
  NestFault fault;
  fault.place = format("part {}", now.part);
  if (now.unit >= 0) fault.place += format(", unit {}", now.unit);
  for (auto [var, value] : now.loops) fault.place += format(", loop i{} = {}", var, value);
  fault.place += std::string(", ") + now.statement;
  fault.fact = std::move(fact);
  throw fault;
}

template <class N>
class NestMemory {
 public:
  using Value = typename N::Value;
  using Array = NestArray<Value>;

  NestMemory(const Nest& nest, std::span<Array* const> slots, const NestNow& now)
      : nest_(nest), now_(now), own_(nest.buffers.size()) {
    for (std::size_t b = 0; b < nest.buffers.size(); ++b) {
      const Buffer& buffer = nest.buffers[b];
      const bool is_slot = buffer.kind == Buffer::kSlot;
      if (!is_slot) own_[b] = Array(buffer.count);
      arrays_.push_back(is_slot ? slots[static_cast<std::size_t>(buffer.slot)] : &own_[b]);
    }
  }

  /// Nothing where nobody wrote what this unit may use.
  std::optional<Value> load(int b, std::int64_t at) const {
    const auto& cell = cell_of(b, at);
    if (now_.vector_loop != 0 && cell.loop == now_.vector_loop && cell.turn != now_.lane)
      nest_fails(now_,
                 format("element {} of buffer {} was written by another iteration of the same "
                        "vector loop",
                        at, b));
    if (cell.writer == Array::kUnwritten) return std::nullopt;
    if (cell.writer == Array::kBefore || cell.writer == Array::kEveryUnit) return cell.value;
    if (cell.writer == owner(b)) return cell.value;
    if (kind(b) == Buffer::kSlot)
      nest_fails(now_, format("element {} of buffer {} is written by unit {}", at, b, cell.writer));
    return std::nullopt;
  }

  void store(int b, std::int64_t at, Value value) {
    auto& cell = const_cast<typename Array::Cell&>(cell_of(b, at));
    const std::int64_t by = owner(b);
    if (kind(b) == Buffer::kSlot) {
      if (!buffer(b).is_written)
        nest_fails(now_, format("buffer {} is read only, its element {} is written", b, at));
      if (by < 0) nest_fails(now_, format("buffer {} is written outside of the units", b));
      if (cell.writer >= 0 && cell.writer != by)
        nest_fails(now_,
                   format("element {} of buffer {} is written by unit {} too", at, b, cell.writer));
    }
    if (now_.vector_loop != 0 && cell.loop == now_.vector_loop && cell.turn != now_.lane)
      nest_fails(now_, format("element {} of buffer {} is written by two iterations of a vector "
                              "loop",
                              at, b));
    cell = {value, by, now_.vector_loop, now_.lane};
  }

  /// Blocks may hold elements that nobody wrote, as long as nobody uses them.
  void copy(int to, std::int64_t to_at, int from, std::int64_t from_at) {
    if (const std::optional<Value> value = load(from, from_at))
      store(to, to_at, *value);
    else
      const_cast<typename Array::Cell&>(cell_of(to, to_at)).writer = Array::kUnwritten;
  }

  const Buffer& buffer(int b) const { return nest_.buffers[static_cast<std::size_t>(b)]; }

 private:
  Buffer::Kind kind(int b) const { return buffer(b).kind; }
  std::int64_t owner(int b) const {
    if (now_.unit < 0) return kind(b) == Buffer::kSlot ? now_.only_unit : Array::kEveryUnit;
    return kind(b) == Buffer::kStack ? now_.turn : now_.unit;
  }
  const typename Array::Cell& cell_of(int b, std::int64_t at) const {
    const Array* array = arrays_[static_cast<std::size_t>(b)];
    const auto count = static_cast<std::int64_t>(array->cells.size());
    if (at < 0 || at >= count)
      nest_fails(now_, format("index {} of buffer {}, which has {} elements", at, b, count));
    return array->cells[static_cast<std::size_t>(at)];
  }

  const Nest& nest_;
  const NestNow& now_;
  std::vector<Array> own_;
  std::vector<Array*> arrays_;
};

/// Both sides of a choice are computed, as C may do; what nobody wrote may be chosen away.
template <class N>
class NestEvaluator {
 public:
  using Value = typename N::Value;

  NestEvaluator(const NestPart& part, const NestMemory<N>& memory, const NestNow& now,
                std::span<const std::int64_t> sizes)
      : pool_(*part.pool),
        memory_(memory),
        now_(now),
        sizes_(sizes),
        cells_(pool_.size()),
        vars_(static_cast<std::size_t>(pool_.var_count())) {
    for (std::uint32_t i = 0; i < pool_.size(); ++i) find_neutral(pool_.node(Ex{i}));
    for (int v = 0; v < pool_.var_count(); ++v) extents_.push_back(index(pool_.extent_of(v)));
  }

  void set_var(int var, std::int64_t value) {
    const std::int64_t extent = extents_[static_cast<std::size_t>(var)];
    if (value < 0 || value >= extent)
      nest_fails(now_, format("i{} = {} leaves its range of {}", var, value, extent));
    vars_[static_cast<std::size_t>(var)] = value;
  }
  void set_local(int number, Value value) { locals_[number] = {0, value, -1, 0}; }
  void forget_locals() { locals_.clear(); }

  std::int64_t index(Ex e) {
    run(e);
    return use(e).index;
  }
  Value value(Ex e) {
    run(e);
    return use(e).value;
  }
  int status() const { return status_; }
  const ExprPool& pool() const { return pool_; }

 private:
  struct Cell {
    std::int64_t index = 0;
    Value value{};
    int missing = -1;  ///< buffer of an element that nobody wrote; -1: there is a value
    std::int64_t missing_at = 0;
  };

  const Cell& use(Ex e) const {
    const Cell& cell = cells_[e.id];
    if (cell.missing >= 0)
      nest_fails(now_, format("element {} of buffer {} is used, nobody wrote it", cell.missing_at,
                              cell.missing));
    return cell;
  }

  /// "no place" of a search for the least place: above all places, though no element of a field is.
  void find_neutral(const ExNode& n) {
    if (n.kind != ExKind::kPrim || n.prim != Prim::kSelect) return;
    const ExNode &place = pool_.node(n.args[1]), &none = pool_.node(n.args[2]);
    if (place.kind != ExKind::kOfIndex || none.kind != ExKind::kConst) return;
    if (none.bits == neutral_of(ReduceKind::kMin, none.dtype).bits)
      neutrals_[n.args[2].id] = N::neutral(ReduceKind::kMin, none.dtype);
  }

  void run(Ex root) {
    auto [it, is_new] = orders_.try_emplace(root.id);
    if (is_new) it->second = pool_.reachable({root});
    for (Ex e : it->second) compute(e, pool_.node(e), cells_[e.id]);
  }

  const Cell& at(const ExNode& n, std::size_t i) const { return cells_[n.args[i].id]; }

  void compute(Ex e, const ExNode& n, Cell& out) {
    out.missing = -1;
    if (n.kind == ExKind::kPrim && n.prim == Prim::kSelect) return select(n, out);
    if (n.kind == ExKind::kPick) return select(n, out);
    for (Ex a : n.args) {
      if (inherits(cells_[a.id], out)) return;
    }
    for (auto& term : n.terms) {
      if (inherits(cells_[term.first.id], out)) return;
    }
    if (n.is_index)
      out.index = index_of(n);
    else
      value_of(e, n, out);
  }

  static bool inherits(const Cell& from, Cell& out) {
    if (from.missing < 0) return false;
    out.missing = from.missing;
    out.missing_at = from.missing_at;
    return true;
  }

  void select(const ExNode& n, Cell& out) {
    const Cell& condition = at(n, 0);
    if (!inherits(condition, out)) out = N::holds(condition.value) ? at(n, 1) : at(n, 2);
  }

  std::int64_t index_of(const ExNode& n) {
    switch (n.kind) {
      case ExKind::kVar: {
        const std::optional<std::int64_t>& v = vars_[static_cast<std::size_t>(n.number)];
        if (!v) nest_fails(now_, format("i{} has no value yet", n.number));
        return *v;
      }
      case ExKind::kSize:
        if (n.number < 0 || static_cast<std::size_t>(n.number) >= sizes_.size())
          nest_fails(now_, format("size {} of {}", n.number, sizes_.size()));
        return sizes_[static_cast<std::size_t>(n.number)];
      case ExKind::kLinear: {
        std::int64_t sum = n.number;
        for (auto [atom, factor] : n.terms) sum += cells_[atom.id].index * factor;
        return sum;
      }
      case ExKind::kProduct: {
        std::int64_t product = 1;
        for (Ex a : n.args) product *= cells_[a.id].index;
        return product;
      }
      case ExKind::kQuotient:
        return scalar::floor_div_of(at(n, 0).index, divisor(n));
      case ExKind::kModulo:
        return scalar::mod_of(at(n, 0).index, divisor(n));
      case ExKind::kToIndex:
        return N::as_index(at(n, 0).value);
      case ExKind::kLookup: {
        const std::int64_t extent = n.number < 0 ? at(n, 1).index : n.number;
        const std::int64_t i = at(n, 0).index + (at(n, 0).index < 0 ? extent : 0);
        if (i >= 0 && i < extent) return i;
        status_ = kKernelIndexOutOfRange;
        return 0;
      }
      default:
        throw InternalError({}, "nest", "an index has no meaning here");
    }
  }

  std::int64_t divisor(const ExNode& n) const {
    const std::int64_t d = n.number == 0 ? at(n, 1).index : n.number;
    if (d <= 0) nest_fails(now_, format("an index is divided by {}", d));
    return d;
  }

  void value_of(Ex e, const ExNode& n, Cell& out) {
    switch (n.kind) {
      case ExKind::kLess:
        out.value = Value(at(n, 0).index < at(n, 1).index ? 1 : 0);
        return;
      case ExKind::kSame:
        out.value = Value(at(n, 0).index == at(n, 1).index ? 1 : 0);
        return;
      case ExKind::kOfIndex:
        out.value = n.dtype == DType::kBool ? Value(at(n, 0).index != 0 ? 1 : 0)
                                            : N::of_int(at(n, 0).index);
        return;
      case ExKind::kConst: {
        const auto neutral = neutrals_.find(e.id);
        out.value =
            neutral == neutrals_.end() ? N::of_scalar(Scalar{n.dtype, n.bits}) : neutral->second;
        return;
      }
      case ExKind::kLoad:
        return load(n, out);
      case ExKind::kPrim:
        return prim(n, out);
      case ExKind::kCast:
        out.value = N::cast(pool_.node(n.args[0]).dtype, n.dtype, at(n, 0).value);
        return;
      case ExKind::kRound:
        out.value = at(n, 0).value;
        return;
      case ExKind::kLocal: {
        const auto local = locals_.find(static_cast<int>(n.number));
        if (local == locals_.end()) nest_fails(now_, format("v{} has no value yet", n.number));
        out = local->second;
        return;
      }
      default:
        throw InternalError({}, "nest", "a value has no meaning here");
    }
  }

  void load(const ExNode& n, Cell& out) {
    const int buffer = static_cast<int>(n.number);
    const std::int64_t index = at(n, 0).index;
    if (const std::optional<Value> value = memory_.load(buffer, index)) {
      out.value = *value;
    } else {
      out.missing = buffer;
      out.missing_at = index;
    }
  }

  void prim(const ExNode& n, Cell& out) {
    const DType operand = pool_.node(n.args[0]).dtype;
    const Value b = n.args.size() > 1 ? at(n, 1).value : Value{};
    const bool divides = n.prim == Prim::kFloorDiv || n.prim == Prim::kMod;
    if (divides && !is_float(n.dtype) && !N::holds(b)) status_ = kKernelDivisionByZero;
    out.value = N::prim(n.prim, operand, at(n, 0).value, b);
  }

  const ExprPool& pool_;
  const NestMemory<N>& memory_;
  const NestNow& now_;
  std::span<const std::int64_t> sizes_;
  std::vector<Cell> cells_;
  std::vector<std::optional<std::int64_t>> vars_;
  std::vector<std::int64_t> extents_;
  std::unordered_map<int, Cell> locals_;
  std::unordered_map<std::uint32_t, Value> neutrals_;
  std::unordered_map<std::uint32_t, std::vector<Ex>> orders_;
  int status_ = kKernelOk;
};

}  // namespace bafe
