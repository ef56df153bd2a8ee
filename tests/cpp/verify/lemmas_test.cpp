// Every law of lemmas.def at random points of its domain, in 113-bit numbers.
#include "../../../src/verify/lemmas.h"

#include <gtest/gtest.h>
#include <quadmath.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>
#include <vector>

#include "bafe/verify/instance.h"

namespace bafe {
namespace {

using Quad = __float128;

/// A statement as a tree; leaves are numbers and variables.
struct Term {
  std::string head;
  Quad number = 0;
  int variable = -1;
  std::vector<Term> args;
};

struct Domain {
  char name;
  double low, high;
};

std::vector<Domain> domains_of(const LemmaInfo& lemma) {
  std::istringstream in(lemma.domains);
  std::vector<Domain> out;
  Domain d{};
  while (in >> d.name >> d.low >> d.high) out.push_back(d);
  return out;
}

class Reader {
 public:
  Reader(const std::string& text, const std::vector<Domain>& domains) : domains_(domains) {
    for (char c : text) {
      bool bracket = c == '(' || c == ')';
      spaced_ += bracket ? std::string(" ") + c + " " : std::string(1, c);
    }
    in_.str(spaced_);
  }
  Term term() {
    std::string word;
    in_ >> word;
    Term out;
    if (word == "(") {
      in_ >> out.head;
      while ((in_ >> std::ws).peek() != ')') out.args.push_back(term());
      in_ >> word;
      return out;
    }
    for (std::size_t i = 0; i < domains_.size(); ++i) {
      if (word == std::string(1, domains_[i].name)) out.variable = static_cast<int>(i);
    }
    if (out.variable < 0) out.number = strtoflt128(word.c_str(), nullptr);
    return out;
  }

 private:
  const std::vector<Domain>& domains_;
  std::string spaced_;
  std::istringstream in_;
};

Quad sign(Quad x) { return Quad(x > 0) - Quad(x < 0); }
Quad logistic(Quad x) { return 1 / (1 + expq(-x)); }
Quad quad_max(Quad x, Quad y) { return x > y ? x : y; }

Quad call(const std::string& f, Quad x, Quad y) {
  static const std::map<std::string, Quad (*)(Quad, Quad)> table = {
      {"+", [](Quad a, Quad b) { return a + b; }},
      {"-", [](Quad a, Quad b) { return a - b; }},
      {"*", [](Quad a, Quad b) { return a * b; }},
      {"pow", [](Quad a, Quad b) { return powq(a, b); }},
      {"max", quad_max},
      {"neg", [](Quad a, Quad) { return -a; }},
      {"inv", [](Quad a, Quad) { return 1 / a; }},
      {"exp", [](Quad a, Quad) { return expq(a); }},
      {"log", [](Quad a, Quad) { return logq(a); }},
      {"sqrt", [](Quad a, Quad) { return sqrtq(a); }},
      {"abs", [](Quad a, Quad) { return fabsq(a); }},
      {"sign", [](Quad a, Quad) { return sign(a); }},
      {"tanh", [](Quad a, Quad) { return tanhq(a); }},
      {"sigmoid", [](Quad a, Quad) { return logistic(a); }},
      {"silu", [](Quad a, Quad) { return a / (1 + expq(-a)); }},
      {"erf", [](Quad a, Quad) { return erfq(a); }},
      {"erfc", [](Quad a, Quad) { return erfcq(a); }},
      {"expm1", [](Quad a, Quad) { return expm1q(a); }},
      {"log1p", [](Quad a, Quad) { return log1pq(a); }},
      {"sin", [](Quad a, Quad) { return sinq(a); }},
      {"cos", [](Quad a, Quad) { return cosq(a); }}};
  return table.at(f)(x, y);
}

/// The value, and in `scale` the largest number met: what rounding is measured by.
Quad value(const Term& term, const std::vector<Quad>& point, Quad& scale) {
  Quad out = term.variable >= 0 ? point[static_cast<std::size_t>(term.variable)] : term.number;
  if (!term.head.empty()) {
    Quad x = value(term.args[0], point, scale);
    Quad y = term.args.size() > 1 ? value(term.args[1], point, scale) : 0;
    out = call(term.head, x, y);
  }
  scale = quad_max(scale, fabsq(out));
  return out;
}

/// Uniform, or by magnitude where the domain is positive and spans decades.
Quad draw(const Domain& d, Dice& dice) {
  if (d.low > 0 && d.high / d.low > 1e3) {
    return expq(logq(d.low) + Quad(dice.uniform()) * (logq(d.high) - logq(d.low)));
  }
  return d.low + Quad(dice.uniform()) * (Quad(d.high) - d.low);
}

int points() {
  const char* given = std::getenv("BAFE_LEMMA_POINTS");
  return given == nullptr ? 10'000 : std::atoi(given);
}

TEST(Lemmas, HoldAtRandomPointsInQuadruplePrecision) {
  for (const LemmaInfo& lemma : lemma_table()) {
    std::vector<Domain> domains = domains_of(lemma);
    Term law = Reader(lemma.statement, domains).term();
    ASSERT_EQ(law.head, "=") << lemma.name;
    ASSERT_EQ(law.args.size(), 2u) << lemma.name;
    Dice dice(7);
    int count = domains.empty() ? 1 : points();
    for (int i = 0; i < count; ++i) {
      std::vector<Quad> point;
      for (const Domain& d : domains) point.push_back(draw(d, dice));
      Quad scale = Quad(1e-300);
      Quad left = value(law.args[0], point, scale), right = value(law.args[1], point, scale);
      ASSERT_LE(fabsq(left - right), scale * Quad(1e-30))
          << lemma.name << " at " << static_cast<double>(point.empty() ? 0 : point[0]);
    }
  }
}

TEST(Lemmas, TheCheckSeesAWrongLaw) {
  std::vector<Domain> domains = {{'a', -4, 4}};
  Term law = Reader("(= (silu a) (* a (exp a)))", domains).term();
  Quad scale = 0;
  Quad left = value(law.args[0], {Quad(1.5)}, scale),
       right = value(law.args[1], {Quad(1.5)}, scale);
  EXPECT_GT(fabsq(left - right), scale * Quad(1e-30));
}

TEST(Lemmas, HaveDifferentNames) {
  std::map<std::string, int> names;
  for (const LemmaInfo& lemma : lemma_table()) EXPECT_EQ(++names[lemma.name], 1) << lemma.name;
  EXPECT_GE(names.size(), 30u);
}

}  // namespace
}  // namespace bafe
