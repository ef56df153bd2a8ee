// Certificates changed on purpose. A change of the strict kinds proves nothing by construction and
// must be rejected; after any other change an accepted certificate must still state something true,
// which the interpreter decides.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "bafe/ir/eval.h"
#include "check/proofs.h"

namespace bafe {
namespace {

const char* const kPrograms[] = {
    "program main(a: f32[8, 8], b: f32[8, 8], v: f32[8, 1]) -> f32[8, 1]"
    " { return matmul (matmul a b) v }",
    "program main(a: f32[8, 8], b: f32[8, 8], v: f32[8, 1]) -> f32[8, 1]"
    " { return add (matmul a v) (matmul b v) }",
    "program main(x: f32[6, 4]) -> f32[6, 4] { return transpose (transpose x :perm (1 0)) :perm (1 "
    "0) }",
    "program main(x: f32[6, 1]) -> f32[6, 8] { return exp (broadcast_to x :shape (6 8)) }",
    "program main(x: f32[8, 8], y: f32[8, 8]) -> f32[8, 8]"
    " { return matmul (tril x :k 0) (triu (tril y :k 0) :k 0) }",
    "program main(x: f32[8, 8], y: f32[8, 8]) -> f32[1, 1]"
    " { return reduce_sum (add x y) :axes (0 1) }",
    "program main(x: f32[5, 7]) -> f32[5, 7]"
    " { return add (mul x (broadcast_to (reshape 0.0:f32 :shape (1 1)) :shape (5 7)))"
    " (mul x (broadcast_to (reshape 1.0:f32 :shape (1 1)) :shape (5 7))) }",
    "program main(a: f32[4, 4], b: f32[4, 4], c: f32[4, 4], d: f32[4, 4], e: f32[4, 4], f: f32[4, "
    "4],"
    " g: f32[4, 4], h: f32[4, 1]) -> f32[4, 1]"
    " { return matmul (matmul (matmul (matmul (matmul (matmul (matmul a b) c) d) e) f) g) h }",
    "program main(x: f32[6, 6], s: f32[6, 6]) -> f32[6, 1]"
    " { return reduce_sum (matmul x s) :axes (1) }",
    "program main(x: f32[6, 6]) -> f32[6, 6] { return relu (relu (neg (neg x))) }",
};

struct Proof {
  std::string program;
  std::vector<std::string> lines;
  std::size_t first_step = 0, terms = 0, first_term = 0;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::stringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> out;
  std::stringstream in(line);
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

bool is_number(const std::string& word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
}

class Tampering : public ::testing::Test {
 protected:
  RuleBook book_ = builtin_book();
  std::mt19937_64 random_{20261122};

  std::size_t pick(std::size_t bound) { return bound ? random_() % bound : 0; }

  /// Every step of it is needed.
  Proof minimal(const std::string& program) {
    Proof proof;
    proof.program = program;
    proof.lines = lines_of(optimize(parse_program(program), {}).certificate);
    for (std::size_t i = 0; i < proof.lines.size(); ++i) {
      if (proof.lines[i] == "block") proof.first_term = i + 1;
      if (proof.lines[i].rfind("written", 0) == 0) proof.terms = i - proof.first_term;
      if (proof.lines[i].rfind("chosen", 0) == 0) proof.first_step = i + 1;
    }
    for (std::size_t i = proof.lines.size() - 1; i-- > proof.first_step;) {
      std::vector<std::string> without = proof.lines;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      if (check_certificate(text_of(without), book_).accepted) proof.lines = without;
    }
    return proof;
  }

  std::size_t step(const Proof& proof) {
    return proof.first_step + pick(proof.lines.size() - 1 - proof.first_step);
  }

  /// A line that is no longer what it was; empty: this kind does not apply here.
  std::vector<std::string> strictly_changed(const Proof& proof, int kind);
  std::vector<std::string> changed_somehow(const Proof& proof);
};

std::vector<std::string> Tampering::strictly_changed(const Proof& proof, int kind) {
  std::vector<std::string> lines = proof.lines;
  if (kind == 0) {  // a needed step is missing
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(step(proof)));
    return lines;
  }
  if (kind == 1) {  // the end is missing
    lines.resize(pick(lines.size()));
    return lines;
  }
  std::size_t at = pick(lines.size());
  std::vector<std::string> words = words_of(lines[at]);
  bool use = words[0] == "use", is_step = at >= proof.first_step && words[0] != "end";
  bool is_rule = is_step && words[0] == "rule";
  bool is_term = at >= proof.first_term && at < proof.first_term + proof.terms;
  if (kind == 2 && use)
    words[1] += static_cast<char>('a' + pick(26));  // no such rule
  else if (kind == 3 && use)
    words[2][pick(16)] ^= 1;  // another rule text
  else if (kind == 4 && is_step)
    words.back() = std::to_string(proof.terms + pick(9));
  else if (kind == 5 && is_step)
    words.back() = "18446744073709551617";
  else if (kind == 6 && is_term && words.size() > 1 && is_number(words.back()) &&
           words[0] != "fill")
    words.back() = std::to_string(at - proof.first_term);  // a term in itself
  else if (kind == 7 && is_rule && words[1].find('+') != std::string::npos) {
    const RuleForm* rule = nullptr;  // backwards where the rule has one direction
    std::size_t wanted = std::stoul(words[1]);
    for (const std::string& line : lines) {
      if (line.rfind("use ", 0) == 0 && wanted-- == 0) rule = book_.find(words_of(line)[1]);
    }
    if (!rule || rule->both_ways) return {};
    words[1][words[1].find('+')] = '-';
  } else if (kind == 8 && is_step)
    words[0] = "trust";
  else if (kind == 9 && at == 0)
    words[1] = "2";
  else if (kind == 10 && is_step)
    words.pop_back();                // compute, ac, define and rules name two terms
  else if (kind == 11 && is_rule) {  // a binding of another type
    if (words.size() != 4) return {};
    const Graph terms = check_certificate(text_of(proof.lines), book_).traced;
    std::size_t place = 2 + pick(2), other = pick(proof.terms);
    auto type = [&](std::size_t i) { return terms.type(ValueId(static_cast<std::uint32_t>(i))); };
    if (type(std::stoul(words[place])) == type(other)) return {};
    words[place] = std::to_string(other);
  } else if (kind == 12 && words[0] == "math") {
    if (check_certificate(text_of(proof.lines), book_).program_class == "bits") return {};
    words[1] = "bits";
  } else if (kind == 13 && words[0] == "chosen") {
    words.push_back(words[1]);
  } else {
    return {};
  }
  lines[at] = joined(words);
  return lines;
}

/// Any word of any line becomes another word of the certificate, or two lines change places.
std::vector<std::string> Tampering::changed_somehow(const Proof& proof) {
  std::vector<std::string> lines = proof.lines;
  std::size_t at = pick(lines.size()), other = pick(lines.size());
  if (pick(4) == 0) {
    std::swap(lines[at], lines[other]);
    return lines;
  }
  std::vector<std::string> words = words_of(lines[at]), from = words_of(lines[other]);
  std::size_t place = pick(words.size());
  switch (pick(4)) {
    case 0:
      words[place] = from[pick(from.size())];
      break;
    case 1:
      words[place] = std::to_string(pick(proof.terms));
      break;
    case 2:
      std::swap(words[place], words[pick(words.size())]);
      break;
    default:
      words[place][pick(words[place].size())] = "0123456789(),+-:fb"[pick(18)];
  }
  lines[at] = joined(words);
  return lines;
}

/// Does the interpreter find both programs equal on random arguments?
bool holds(const Graph& traced, const Graph& chosen, std::mt19937_64& random) {
  std::vector<Tensor> inputs;
  for (const InputInfo& info : traced.inputs()) {
    if (!is_concrete(info.type.shape) || num_elements(info.type.shape).value() > 4096) return true;
    Tensor tensor(info.type);
    for (std::int64_t i = 0; i < num_elements(info.type.shape).value(); ++i) {
      double value = std::uniform_real_distribution<double>(0.5, 2)(random);
      tensor.set(i, Scalar::of(info.type.dtype, value));
    }
    inputs.push_back(std::move(tensor));
  }
  std::vector<Tensor> a = evaluate(traced, inputs), b = evaluate(chosen, inputs);
  for (std::size_t r = 0; r < a.size(); ++r) {
    if (!(a[r].type() == b[r].type())) return false;
    for (std::int64_t i = 0; i < num_elements(a[r].type().shape).value(); ++i) {
      double x = a[r].at(i).as_double(), y = b[r].at(i).as_double();
      bool same = x == y || (std::isnan(x) && std::isnan(y));
      if (!same && !(std::fabs(x - y) <= 1e-3 * (1 + std::fabs(x)))) return false;
    }
  }
  return true;
}

TEST_F(Tampering, IsRejectedWhereAStepIsMissingOrFalse) {
  std::vector<Proof> proofs;
  for (const char* program : kPrograms) {
    proofs.push_back(minimal(program));
    ASSERT_TRUE(check_certificate(text_of(proofs.back().lines), book_).accepted) << program;
  }
  std::map<int, int> tried;
  for (int count = 0; count < 10'000;) {
    const Proof& proof = proofs[pick(proofs.size())];
    if (proof.lines.size() - 1 == proof.first_step) continue;  // nothing was rewritten
    int kind = static_cast<int>(pick(14));
    std::vector<std::string> lines = strictly_changed(proof, kind);
    if (lines.empty() || lines == proof.lines) continue;
    ++count;
    ++tried[kind];
    CertificateVerdict verdict = check_certificate(text_of(lines), book_);
    ASSERT_FALSE(verdict.accepted) << "kind " << kind << "\n" << text_of(lines);
    ASSERT_FALSE(verdict.reason.empty());
  }
  EXPECT_EQ(tried.size(), 14u);
}

TEST_F(Tampering, NeverProvesWhatTheInterpreterRefutes) {
  int accepted = 0;
  for (const char* program : kPrograms) {
    Proof proof = minimal(program);
    Graph traced = parse_program(program);
    for (int i = 0; i < 2'000; ++i) {
      std::string text = text_of(changed_somehow(proof));
      CertificateVerdict verdict = check_certificate(text, book_);
      if (!verdict.accepted) continue;
      ++accepted;
      ASSERT_TRUE(holds(verdict.traced, verdict.chosen, random_)) << text;
    }
  }
  EXPECT_GT(accepted, 0);  // lines that do not rest on each other may change places
}

TEST_F(Tampering, OfBytesNeverCrashes) {
  std::string text = text_of(minimal(kPrograms[0]).lines);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = text;
    for (std::size_t n = 1 + pick(4); n-- > 0;)
      bytes[pick(bytes.size())] = static_cast<char>(pick(256));
    if (pick(8) == 0) bytes.resize(pick(bytes.size()));
    check_certificate(bytes, book_);
  }
}

}  // namespace
}  // namespace bafe
