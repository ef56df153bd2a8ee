// Runs one case of the engine benchmark on egg and prints one JSON line a run.
//   egg-peer [--proofs] <case> <runs>      case: sum-10, chain-80, math-11
// Measured: processor time of Runner::run, that is, searching, applying and rebuilding.
use egg::*;
use std::time::Duration;

define_language! {
    enum Term {
        "+" = Add([Id; 2]),
        "-" = Sub([Id; 2]),
        "*" = Mul([Id; 2]),
        "/" = Div([Id; 2]),
        "pow" = Pow([Id; 2]),
        "sqrt" = Sqrt(Id),
        "ln" = Ln(Id),
        "sin" = Sin(Id),
        "cos" = Cos(Id),
        "d" = Derivative([Id; 2]),
        "i" = Integral([Id; 2]),
        "mm" = Product([Id; 2]),
        Number(i32),
        Name(Symbol),
    }
}

const SUM_RULES: &[(&str, &str)] = &[
    ("(+ ?a ?b)", "(+ ?b ?a)"),
    ("(+ ?a (+ ?b ?c))", "(+ (+ ?a ?b) ?c)"),
];

const CHAIN_RULES: &[(&str, &str)] = &[
    ("(mm (mm ?a ?b) ?c)", "(mm ?a (mm ?b ?c))"),
    ("(mm ?a (mm ?b ?c))", "(mm (mm ?a ?b) ?c)"),
];

const MATH_RULES: &[(&str, &str)] = &[
    ("(+ ?a ?b)", "(+ ?b ?a)"),
    ("(* ?a ?b)", "(* ?b ?a)"),
    ("(+ ?a (+ ?b ?c))", "(+ (+ ?a ?b) ?c)"),
    ("(* ?a (* ?b ?c))", "(* (* ?a ?b) ?c)"),
    ("(- ?a ?b)", "(+ ?a (* -1 ?b))"),
    ("(+ ?a 0)", "?a"),
    ("(* ?a 0)", "0"),
    ("(* ?a 1)", "?a"),
    ("(- ?a ?a)", "0"),
    ("(* ?a (+ ?b ?c))", "(+ (* ?a ?b) (* ?a ?c))"),
    ("(+ (* ?a ?b) (* ?a ?c))", "(* ?a (+ ?b ?c))"),
    ("(* (pow ?a ?b) (pow ?a ?c))", "(pow ?a (+ ?b ?c))"),
    ("(pow ?x 1)", "?x"),
    ("(pow ?x 2)", "(* ?x ?x)"),
    ("(d ?x (+ ?a ?b))", "(+ (d ?x ?a) (d ?x ?b))"),
    ("(d ?x (* ?a ?b))", "(+ (* ?a (d ?x ?b)) (* ?b (d ?x ?a)))"),
    ("(d ?x (sin ?x))", "(cos ?x)"),
    ("(d ?x (cos ?x))", "(* -1 (sin ?x))"),
    ("(i 1 ?x)", "?x"),
    ("(i (cos ?x) ?x)", "(sin ?x)"),
    ("(i (sin ?x) ?x)", "(* -1 (cos ?x))"),
    ("(i (+ ?f ?g) ?x)", "(+ (i ?f ?x) (i ?g ?x))"),
    ("(i (- ?f ?g) ?x)", "(- (i ?f ?x) (i ?g ?x))"),
    ("(i (* ?a ?b) ?x)", "(- (* ?a (i ?b ?x)) (i (* (d ?x ?a) (i ?b ?x)) ?x))"),
];

const MATH_TERMS: &[&str] = &[
    "(i (ln x) x)",
    "(i (+ x (cos x)) x)",
    "(i (* (cos x) x) x)",
    "(d x (+ 1 (* 2 x)))",
    "(d x (- (pow x 3) (* 7 (pow x 2))))",
    "(+ (* y (+ x y)) (- (+ x 2) (+ x x)))",
    "(/ 1 (- (/ (+ 1 (sqrt five)) 2) (/ (- 1 (sqrt five)) 2)))",
];

fn processor_ms() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one timespec, which lives on this stack.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn chain(op: &str, n: usize) -> String {
    (1..n).fold("v0".to_string(), |text, i| format!("({op} {text} v{i})"))
}

fn rewrites(rules: &[(&str, &str)]) -> Vec<Rewrite<Term, ()>> {
    let parse = |text: &str| text.parse::<Pattern<Term>>().expect("a pattern");
    let named = |(i, (left, right)): (usize, &(&str, &str))| {
        Rewrite::new(format!("rule-{i}"), parse(left), parse(right)).expect("bound variables")
    };
    rules.iter().enumerate().map(named).collect()
}

fn run(case: &str, proofs: bool) {
    let (kind, size) = case.split_once('-').expect("a case is named kind-size");
    let size: usize = size.parse().expect("a number after the dash");
    let (rules, terms, steps) = match kind {
        "sum" => (SUM_RULES, vec![chain("+", size)], 200),
        "chain" => (CHAIN_RULES, vec![chain("mm", size)], 200),
        "math" => (MATH_RULES, MATH_TERMS.iter().map(|t| t.to_string()).collect(), size),
        _ => panic!("cases are sum-n, chain-n and math-n"),
    };
    let rules = rewrites(rules);
    let mut runner = Runner::<Term, (), ()>::new(())
        .with_scheduler(SimpleScheduler)
        .with_iter_limit(steps)
        .with_node_limit(1_000_000_000)
        .with_time_limit(Duration::from_secs(600));
    if proofs {
        runner = runner.with_explanations_enabled();
    }
    for term in &terms {
        runner = runner.with_expr(&term.parse().expect("a term"));
    }
    let start = processor_ms();
    let runner = runner.run(&rules);
    let ms = processor_ms() - start;
    println!(
        "{{\"case\": \"{case}\", \"ms\": {ms:.4}, \"nodes\": {}, \"classes\": {}}}",
        runner.egraph.total_number_of_nodes(),
        runner.egraph.number_of_classes()
    );
}

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let proofs = words.first().is_some_and(|word| word == "--proofs");
    if proofs {
        words.remove(0);
    }
    let [case, runs] = words.as_slice() else {
        panic!("usage: egg-peer [--proofs] <case> <runs>");
    };
    for _ in 0..runs.parse::<usize>().expect("a number of runs") {
        run(case, proofs);
    }
}
