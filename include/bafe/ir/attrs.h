#pragma once
/// Attribute records: the values of an operator's fields, in the order of its row in ops.def.

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "bafe/ir/dim.h"
#include "bafe/ir/dtype.h"
#include "bafe/ir/op_table.h"

namespace bafe {

class Graph;

/// int, list, dtype, scalar, text, or the body graph of loop / scan / cond.
using AttrValue = std::variant<Dim, List, DType, Scalar, std::string, std::shared_ptr<const Graph>>;
using Attrs = std::vector<AttrValue>;

/// Order of the alternatives equals AttrKind.
inline AttrKind attr_kind(const AttrValue& value) { return static_cast<AttrKind>(value.index()); }
std::uint64_t attr_hash(const AttrValue& value);  ///< equal in every process
std::uint64_t attrs_hash(const Attrs& attrs);
bool attrs_equal(const Attrs& a, const Attrs& b);   ///< scalars by bits, graphs by canonical text
bool graphs_equal(const Graph& a, const Graph& b);  ///< by canonical text: names aside
/// "(1 0)" for a list, "3", "f32", "0x1.8p+0:f32", "\"row\"".
std::string attr_text(const AttrValue& value);

inline Dim attr_int(const Attrs& attrs, int i) { return std::get<Dim>(attrs[i]); }
inline const List& attr_list(const Attrs& attrs, int i) { return std::get<List>(attrs[i]); }
inline DType attr_dtype(const Attrs& attrs, int i) { return std::get<DType>(attrs[i]); }
inline Scalar attr_scalar(const Attrs& attrs, int i) { return std::get<Scalar>(attrs[i]); }
inline const std::string& attr_string(const Attrs& a, int i) { return std::get<std::string>(a[i]); }

}  // namespace bafe
