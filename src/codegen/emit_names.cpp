// Comes in: which expressions a statement needs. Goes out: declarations of C locals, placed in the
// outermost block that can compute them. Invariant: names and variables of a closed block are never
// used again.

#include "bafe/codegen/math_c.h"
#include "bafe/codegen/nest.h"
#include "c_expr.h"
#include "effects.h"

namespace bafe {

void CExprWriter::open() { frames_.emplace_back(); }

void CExprWriter::close() {
  for (std::uint32_t id : frames_.back().names) names_.erase(id);
  for (int v : frames_.back().vars) vars_.erase(v);
  for (int v : frames_.back().locals) locals_.erase(v);
  frames_.pop_back();
}

void CExprWriter::define_var(int var) {
  if (vars_.insert(var).second) frames_.back().vars.push_back(var);
}
void CExprWriter::define_local(int number) {
  if (locals_.insert(number).second) frames_.back().locals.push_back(number);
}

void CExprWriter::count_uses(const std::vector<Ex>& roots) {
  for (Ex root : roots) ++uses_[root.id];
  for (Ex e : pool_.reachable(roots)) {
    const ExNode& n = pool_.node(e);
    for (Ex a : n.args) ++uses_[a.id];
    for (auto& term : n.terms) ++uses_[term.first.id];
  }
}

bool CExprWriter::is_trivial(const ExNode& n) const {
  return n.kind == ExKind::kVar || n.kind == ExKind::kConst || n.kind == ExKind::kLocal ||
         n.kind == ExKind::kSize || (n.kind == ExKind::kLinear && n.terms.size() <= 1);
}

bool CExprWriter::has_effect(const ExNode& n) const { return may_fail(pool_, n); }

bool CExprWriter::is_available(const ExNode& n, const std::vector<char>& ok, bool is_leaf) const {
  if (n.kind == ExKind::kVar) return vars_.contains(static_cast<int>(n.number));
  if (n.kind == ExKind::kLocal) return locals_.contains(static_cast<int>(n.number));
  if (n.kind == ExKind::kLoad && !is_leaf) {
    if (buffers_[static_cast<std::size_t>(n.number)].kind != Buffer::kSlot) return false;
  }
  for (Ex a : n.args) {
    if (!ok[a.id]) return false;
  }
  for (auto& term : n.terms) {
    if (!ok[term.first.id]) return false;
  }
  return true;
}

std::string CExprWriter::declare(Ex e, const std::string& indent) {
  const ExNode n = pool_.node(e);
  std::string name = (n.is_index ? "n" : "t") + std::to_string(next_name_++), s;
  if (n.kind == ExKind::kLookup) {
    checks_index_ = true;
    const bool is_sized = n.number < 0;
    std::string extent = is_sized ? "(" + text(n.args[1]) + ")" : std::to_string(n.number);
    const std::string most = is_sized ? "(unsigned long long)" + extent : extent + "ULL";
    std::string index = text(n.args[0]);
    s = indent + "long long " + name + " = " + index + ";\n";
    s += indent + name + " += " + name + " < 0 ? " + extent + " : 0;\n";
    s += indent + "bad_index |= (unsigned long long)" + name + " >= " + most + ";\n";
    s += indent + name + " = (unsigned long long)" + name + " < " + most + " ? " + name + " : 0;\n";
  } else {
    if (may_divide_by_zero(pool_, n)) {
      checks_divisor_ = true;
      s = indent + "bad_divisor |= " + text(n.args[1]) + " == 0;\n";
    } else if (has_effect(n) && dtype_info(n.dtype).kind == kIntKind) {
      checks_power_ = true;
      s = indent + "bad_power |= " + text(n.args[1]) + " < 0;\n";
    }
    const char* type = n.is_index ? "long long" : compute_c(n.dtype);
    s += indent + "const " + type + " " + name + " = " + inline_text(e) + ";\n";
  }
  names_.emplace(e.id, name);
  for (Ex inner : pool_.reachable({e})) {
    const ExNode& l = pool_.node(inner);
    if (l.kind != ExKind::kLoad) continue;
    bool is_private = buffers_[static_cast<std::size_t>(l.number)].kind != Buffer::kSlot;
    if (is_private) loads_[e.id].insert(static_cast<int>(l.number));
  }
  frames_.back().names.push_back(e.id);
  return s;
}

void CExprWriter::forget_loads(int buffer) {
  for (auto& [id, buffers] : loads_) {
    if (buffers.contains(buffer)) names_.erase(id);
  }
}

std::string CExprWriter::declarations(const std::vector<Ex>& roots, bool is_leaf,
                                      const std::string& indent) {
  std::vector<Ex> order = pool_.reachable(roots);
  std::vector<char> ok(pool_.size(), 0), edge(pool_.size(), 0);
  std::vector<int> weight(pool_.size(), 0);
  for (Ex e : order) ok[e.id] = names_.contains(e.id) || is_available(pool_.node(e), ok, is_leaf);
  if (!is_leaf) {  // what a loop body needs and does not change is hoisted
    for (Ex root : roots) edge[root.id] = 1;
    for (Ex e : order) {
      if (ok[e.id]) continue;
      for (Ex a : pool_.node(e).args) edge[a.id] = 1;
      for (auto& term : pool_.node(e).terms) edge[term.first.id] = 1;
    }
  }
  std::string s;
  for (Ex e : order) {
    if (!ok[e.id] || names_.contains(e.id)) continue;
    const ExNode& n = pool_.node(e);
    if (is_trivial(n)) continue;
    int inside = 1;
    for (Ex a : n.args) inside += names_.contains(a.id) ? 0 : weight[a.id];
    for (auto& term : n.terms) inside += names_.contains(term.first.id) ? 0 : weight[term.first.id];
    bool is_shared = uses_[e.id] > 1 && n.kind != ExKind::kLinear;
    if (has_effect(n) || is_shared || edge[e.id] || inside > 12) {
      s += declare(e, indent);
    } else {
      weight[e.id] = inside;
    }
  }
  return s;
}

}  // namespace bafe
