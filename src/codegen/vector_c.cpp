// In comes a target, out goes the C text that names its vector registers. Kernels use only these
// names, so another compiler or ISA is another block of this file. Fused multiply-add is asked for
// by name: kernels are compiled with -ffp-contract=off, and every fusion in them is deliberate.

#include "bafe/codegen/vector_c.h"

#include "bafe/base/format.h"

namespace bafe {
namespace {

/// What differs between the float and the double table.
struct Lane {
  const char* prefix;   // VF
  const char* element;  // float
  const char* integer;  // int: as wide as the element
  const char* suffix;   // ps
  int bytes;
};
constexpr Lane kFloat{"VF", "float", "int", "ps", 4};
constexpr Lane kDouble{"VD", "double", "long long", "pd", 8};

std::string repeat(const char* text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i ? "," : "") + std::string(text);
  return out;
}

/// Elements of a and b in turn, from their lower or upper halves.
std::string interleave_text(const Lane& lane, int lanes) {
  std::string out;
  for (int half = 0; half < 2; ++half) {
    std::string order;
    for (int i = 0; i < lanes / 2; ++i) {
      const int from = i + half * lanes / 2;
      order += format("{}{}, {}", i ? ", " : "", from, from + lanes);
    }
    const char* name = half ? "HIGH" : "LOW";
    out += format(
        "#ifdef __clang__\n#define {0}_{1}(a, b) __builtin_shufflevector((a), (b), {2})\n#else\n"
        "#define {0}_{1}(a, b) __builtin_shuffle((a), (b), ({0}I){{{2}}})\n#endif\n",
        lane.prefix, name, order);
  }
  return out;
}

/// Types, loads and stores: the same on every ISA.
std::string common_text(const Lane& lane, int vector_bytes) {
  const int lanes = vector_bytes / lane.bytes;
  std::string out;
  out += format("typedef {} {} __attribute__((vector_size({})));\n", lane.element, lane.prefix,
                vector_bytes);
  out += format("typedef {} {}U __attribute__((vector_size({}), aligned({}), may_alias));\n",
                lane.element, lane.prefix, vector_bytes, lane.bytes);
  out += format("typedef {} {}I __attribute__((vector_size({})));\n", lane.integer, lane.prefix,
                vector_bytes);
  out += format("#define {0}_LOAD(p) ((({0})*(const {0}U *)(p)))\n", lane.prefix);
  out += format("#define {0}_STORE(p, x) (*({0}U *)(p) = ({0}U)(x))\n", lane.prefix);
  out += format(
      "#ifdef __clang__\n#define {0}_STREAM(p, x) __builtin_nontemporal_store((x), ({0} *)(p))\n"
      "#else\n#define {0}_STREAM(p, x) __builtin_ia32_movnt{1}{2}((p), (x))\n#endif\n",
      lane.prefix, lane.suffix, vector_bytes * 8);
  out += format(
      "static inline __attribute__((always_inline)) {0} {0}_SET({1} x) {{ return ({0}){{{2}}}; "
      "}}\n",
      lane.prefix, lane.element, repeat("x", lanes));
  return out + interleave_text(lane, lanes);
}

/// clang has no stable name for the FMA builtin; contraction inside one function is stable.
std::string clang_fma(const Lane& lane) {
  return format(
      "static inline __attribute__((always_inline)) {0} {0}_FMA({0} a, {0} b, {0} c) {{\n"
      "#pragma clang fp contract(fast)\n  return a * b + c;\n}}\n",
      lane.prefix);
}

std::string fma_text(const Lane& lane, const std::string& gcc_call) {
  return "#ifdef __clang__\n" + clang_fma(lane) + "#else\n" +
         format("#define {}_FMA(a, b, c) {}\n", lane.prefix, gcc_call) + "#endif\n";
}

/// max(0, x) as the instruction does it keeps a NaN and -0 of x; adding +0 turns -0 into +0.
std::string avx512_text(const Lane& lane) {
  const int lanes = 64 / lane.bytes;
  const char* mask = lanes == 16 ? "unsigned short" : "unsigned char";
  std::string out = common_text(lane, 64);
  out += format("typedef {} {}M;\n", mask, lane.prefix);
  out += fma_text(
      lane, format("__builtin_ia32_vfmadd{}512_mask((a), (b), (c), ({})-1, 4)", lane.suffix, mask));
  out += format("#define {}_MASK(count) (({})((1u << (count)) - 1u))\n", lane.prefix, mask);
  out +=
      format("#define {0}_MLOAD(p, m) ({0})__builtin_ia32_loadu{1}512_mask((p), ({0}){{0}}, (m))\n",
             lane.prefix, lane.suffix);
  out += format("#define {0}_MSTORE(p, x, m) __builtin_ia32_storeu{1}512_mask((p), (x), (m))\n",
                lane.prefix, lane.suffix);
  out += format(
      "#define {0}_RELU(x) (({0})__builtin_ia32_max{1}512_mask(({0}){{0}}, (x), ({0}){{0}}, "
      "({2})-1, 4)"
      " + ({0}){{0}})\n",
      lane.prefix, lane.suffix, mask);
  return out;
}

std::string avx2_text(const Lane& lane) {
  const int lanes = 32 / lane.bytes;
  std::string out = common_text(lane, 32);
  out += format("typedef {0}I {0}M;\n", lane.prefix);
  out += fma_text(lane, format("__builtin_ia32_vfmadd{}256((a), (b), (c))", lane.suffix));
  out += format("static const {} bafe_{}_mask[{}] = {{{}, {}}};\n", lane.integer, lane.prefix,
                2 * lanes, repeat("-1", lanes), repeat("0", lanes));
  out += format("typedef {0} {1}IU __attribute__((vector_size(32), aligned({2}), may_alias));\n",
                lane.integer, lane.prefix, lane.bytes);
  out += format("#define {0}_MASK(count) (({0}I)*(const {0}IU *)(bafe_{0}_mask + {1} - (count)))\n",
                lane.prefix, lanes);
  out +=
      format("#define {0}_MLOAD(p, m) ({0})__builtin_ia32_maskload{1}256((const {0} *)(p), (m))\n",
             lane.prefix, lane.suffix);
  out +=
      format("#define {0}_MSTORE(p, x, m) __builtin_ia32_maskstore{1}256(({0} *)(p), (m), (x))\n",
             lane.prefix, lane.suffix);
  out +=
      format("#define {0}_RELU(x) (({0})__builtin_ia32_max{1}256(({0}){{0}}, (x)) + ({0}){{0}})\n",
             lane.prefix, lane.suffix);
  return out;
}

}  // namespace

std::string vector_prelude_c(const Target& target) {
  const std::string ranges =
      "static inline long long bafe_larger(long long a, long long b) { return a > b ? a : b; }\n"
      "static inline long long bafe_smaller(long long a, long long b) { return a < b ? a : b; }\n";
  switch (target.isa) {
    case Isa::kAvx512:
      return ranges + avx512_text(kFloat) + avx512_text(kDouble);
    case Isa::kAvx2:
      return ranges + avx2_text(kFloat) + avx2_text(kDouble);
    case Isa::kPlain:
      return {};
  }
  return {};
}

std::string vector_prefix(DType dtype) { return dtype == DType::kF64 ? "VD" : "VF"; }

int vector_lanes(DType dtype, const Target& target) {
  if (target.isa == Isa::kPlain) return 1;
  return target.vector_bytes() / (dtype == DType::kF64 ? 8 : 4);
}

}  // namespace bafe
