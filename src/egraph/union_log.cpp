// Unions come in, bytes are kept, unions go out. An entry is: a byte of kind (3 bits), backward,
// keep_b, absorbed, has_rule; [rule]; b; a and the witness's nodes as differences to b, their
// number before them. Numbers are written seven bits a byte, differences as zigzag.
#include "bafe/egraph/union_log.h"

#include "bafe/base/error.h"

namespace bafe {
namespace {

constexpr std::uint8_t kBackward = 8, kKeepB = 16, kAbsorbed = 32, kHasRule = 64;

std::uint8_t* put(std::uint8_t* to, std::uint32_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<std::uint8_t>(value);
  return to;
}

std::uint8_t* put_difference(std::uint8_t* to, NodeId base, NodeId node) {
  std::uint32_t back = base.index() - node.index();
  return put(to, back << 1 ^ (back >> 31 ? 0xffffffffu : 0u));
}

std::uint32_t get(const std::uint8_t*& from) {
  std::uint32_t value = 0;
  for (int shift = 0;; shift += 7) {
    std::uint8_t byte = *from++;
    value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

NodeId get_difference(const std::uint8_t*& from, NodeId base) {
  std::uint32_t zigzag = get(from);
  return NodeId(base.index() - (zigzag >> 1 ^ (zigzag & 1 ? 0xffffffffu : 0u)));
}

}  // namespace

void UnionLog::append(NodeId a, NodeId b, const Reason& reason, bool keep_b, bool absorbed) {
  std::size_t count = reason.witness.size();
  BAFE_CHECK(count < 512, "a witness holds fewer than 512 nodes");
  BAFE_CHECK(!reason.rule.valid() || reason.rule.index() <= 0xffffu, "rule ids are below 65,536");
  std::size_t start = bytes_.size();
  std::uint8_t* to = bytes_.extend(count * 5 + 32);  // as much as an entry can be
  *to++ = static_cast<std::uint8_t>(
      static_cast<std::uint8_t>(reason.kind) | (reason.backward ? kBackward : 0) |
      (keep_b ? kKeepB : 0) | (absorbed ? kAbsorbed : 0) | (reason.rule.valid() ? kHasRule : 0));
  if (reason.rule.valid()) to = put(to, reason.rule.index());
  to = put(to, b.index());
  to = put_difference(to, b, a);
  to = put(to, static_cast<std::uint32_t>(count));
  for (NodeId node : reason.witness) to = put_difference(to, b, node);
  bytes_.truncate(start + static_cast<std::size_t>(to - (bytes_.data() + start)));
}

UnionLog::Entry UnionLog::read(std::size_t& at) const {
  const std::uint8_t* from = bytes_.data() + at;
  std::uint8_t header = *from++;
  Entry entry;
  entry.kind = static_cast<ReasonKind>(header & 7u);
  entry.backward = header & kBackward;
  entry.keep_b = header & kKeepB;
  entry.absorbed = header & kAbsorbed;
  if (header & kHasRule) entry.rule = RuleId(get(from));
  entry.b = NodeId(get(from));
  entry.a = get_difference(from, entry.b);
  entry.witness.resize(get(from));
  for (NodeId& node : entry.witness) node = get_difference(from, entry.b);
  at = static_cast<std::size_t>(from - bytes_.data());
  return entry;
}

}  // namespace bafe
