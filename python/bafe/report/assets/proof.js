// Why the result may be trusted, and where the program came from.

function pairs(rows) {
  return el("dl", { class: "pairs" },
    rows.filter(([, value]) => value !== null && value !== undefined
    && value !== "").map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function certificateRows(part) {
  const proof = part.certificate;
  if (!proof) return [["Certificate",
    "not asked for yet: the proof is replayed before the program is compiled"]];
  return [
    ["Certificate", [proof.accepted ? badge("replayed and accepted", "good")
      : badge("rejected", "bad"),
      ` ${plural(proof.steps, "step")}`,
      proof.from_cache ? ", stored with the compiled program" : ""]],
    ["Rejected for", proof.reason],
    ["Numeric class",
      `${proof.program_class}: ${MEANING[proof.program_class] ?? ""} (math=${proof.math})`],
    ["Error factor", `${digits(proof.error_factor)} roundings moved; `
      + `${digits(part.error_growth)} times that of the program as written`],
    ["Takes for granted", proof.assumptions.length
      ? el("ul", { class: "plainlist" }, proof.assumptions.map((one) => el("li", {}, one)))
        : "nothing"],
  ];
}

function validationRows(part) {
  const { made } = part;
  if (!made) return [["Validation", "nothing was compiled yet, so nothing was compared"]];
  const isRefused = Boolean(made.reproducer) || /differ|disagree/i.test(made.why);
  const tone = isRefused ? badge("failed", "bad") : made.validation ? badge("passed", "good")
    : null;
  const none = made.interpreted ? "the interpreter is the meaning of the program"
    : made.tier === "prebuilt"
      ? "prebuilt kernels run; a compiled one is compared before it may replace them"
    : "a kernel for any size was compared when it was made";
  return [
    ["Validation", [tone, tone ? " " : "", isRefused ? made.why : made.validation || none]],
    ["Reproducer", made.reproducer ? el("code", {}, made.reproducer) : ""],
    ["Largest error bound", part.error_bound === undefined ? ""
      : `${part.error_bound === null ? "none can be given" : part.error_bound.toExponential(2)} `
        + "for these arguments, by a running error analysis"],
  ];
}

function madeRows(part) {
  const { made, machine } = part;
  const rows = [];
  if (made) {
    const how = { compiled: "compiled", prebuilt: "prebuilt kernels (tier 0)",
      interpreted: "interpreter" };
    const soon = made.pending ? ", a compiled program is on its way" : "";
    rows.push(["Runs now", `${how[made.tier] ?? made.tier}${soon}`],
      ["Why", made.why],
      ["Made", made.interpreted || made.tier !== "compiled" ? ""
        : `${made.from_cache ? "found in the cache; made with " : ""}`
        + `search ${time(made.search_ms * 1e6)}, compile ${time(made.compile_ms * 1e6)}`],
      ["Cache key", el("code", { class: "wrap" }, made.key)],
      ["Compiler", made.compiler ? el("code", { class: "wrap" }, made.compiler) : ""]);
  }
  rows.push(["Machine", `${machine.id}, ${plural(machine.threads, "thread")}`],
    ["Target", machine.target ? el("code", { class: "wrap" }, machine.target) : ""]);
  return rows;
}

function proofSection(part) {
  const body = section("proof", "Proof and origin", null);
  body.append(el("div", { class: "two" },
    el("div", { class: "panel" }, el("h3", {}, "Why it may be trusted"),
      pairs([...certificateRows(part), ...validationRows(part)])),
    el("div", { class: "panel" }, el("h3", {}, "Where it came from"), pairs(madeRows(part)))));
  if (part.certificate?.text) {
    body.append(el("details", { class: "code" },
      el("summary", {}, "The certificate, as bafe-check reads it"),
      el("pre", { tabindex: "0", "aria-label": "certificate" },
        el("code", {}, part.certificate.text))));
  }
  return body;
}
