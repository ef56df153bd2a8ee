// Attribute values as hashes and text. Invariant: equal values have equal hashes in every process,
// so nothing here depends on addresses or on the order in which sizes were interned.
#include "bafe/ir/attrs.h"

#include <cmath>
#include <cstdio>

#include "bafe/base/format.h"
#include "bafe/base/hash.h"
#include "bafe/ir/graph.h"

namespace bafe {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// Grammar: number ":" dtype, where number is an integer, a hexadecimal float, inf, -inf, nan, or
/// "#" and the bits in hexadecimal for a NaN that is not the canonical one.
std::string scalar_text(Scalar value) {
  std::string number;
  double d = value.as_double();
  if (!is_float(value.dtype)) {
    number =
        value.dtype == DType::kU64 ? std::to_string(value.bits) : std::to_string(value.as_int());
  } else if (std::isnan(d)) {
    bool canonical = value == Scalar::of(value.dtype, std::nan(""));
    number = canonical ? "nan" : format("#{:x}", value.bits);
  } else if (std::isinf(d)) {
    number = d > 0 ? "inf" : "-inf";
  } else {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%a", d);
    number = buffer;
  }
  return number + ":" + std::string(dtype_info(value.dtype).name);
}

struct Hasher {
  std::uint64_t operator()(Dim d) const { return d.hash(); }
  std::uint64_t operator()(const List& list) const {
    std::uint64_t h = list.size();
    for (Dim d : list) h = hash_mix(h, d.hash());
    return h;
  }
  std::uint64_t operator()(DType dtype) const { return static_cast<std::uint64_t>(dtype); }
  std::uint64_t operator()(Scalar s) const {
    return hash_mix(static_cast<std::uint64_t>(s.dtype), s.bits);
  }
  std::uint64_t operator()(const std::string& text) const { return hash_text(text); }
  std::uint64_t operator()(const std::shared_ptr<const Graph>& graph) const {
    return graph ? graph->hash() : 0;
  }
};

struct Printer {
  std::string operator()(Dim d) const { return d.text(); }
  std::string operator()(const List& list) const {
    std::string out = "(";
    for (std::size_t i = 0; i < list.size(); ++i) out += (i ? " " : "") + list[i].text();
    return out + ")";
  }
  std::string operator()(DType dtype) const { return std::string(dtype_info(dtype).name); }
  std::string operator()(Scalar s) const { return scalar_text(s); }
  std::string operator()(const std::string& text) const { return quoted(text); }
  std::string operator()(const std::shared_ptr<const Graph>& graph) const {
    return format("graph:{:016x}", graph ? graph->hash() : 0);
  }
};

/// Equal hashes and equal canonical texts: node numbers and names aside.
bool same_graph(const AttrValue& a, const AttrValue& b) {
  const auto& x = std::get<std::shared_ptr<const Graph>>(a);
  const auto& y = std::get<std::shared_ptr<const Graph>>(b);
  if (x == y) return true;
  if (!x || !y || attr_hash(a) != attr_hash(b)) return false;
  return graphs_equal(*x, *y);
}

}  // namespace

std::uint64_t attr_hash(const AttrValue& value) {
  return hash_mix(value.index(), std::visit(Hasher{}, value));
}

std::uint64_t attrs_hash(const Attrs& attrs) {
  std::uint64_t h = attrs.size();
  for (const AttrValue& value : attrs) h = hash_mix(h, attr_hash(value));
  return h;
}

bool attrs_equal(const Attrs& a, const Attrs& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].index() != b[i].index()) return false;
    if (attr_kind(a[i]) == AttrKind::kGraph) {
      if (!same_graph(a[i], b[i])) return false;
    } else if (a[i] != b[i]) {
      return false;
    }
  }
  return true;
}

std::string attr_text(const AttrValue& value) { return std::visit(Printer{}, value); }

}  // namespace bafe
