// Puts the page together: summary first, then the parts of one program, then the session's time.

const NAMES = [["programs", "Program"], ["chain", "Rewrites"], ["egraph", "E-graph"],
  ["kernels", "Kernels"], ["timeline", "Timeline"], ["proof", "Proof"]];

function tile(name, value, more, tone = "") {
  return el("div", { class: `tile ${tone}` }, el("dt", {}, name),
    el("dd", {}, el("span", { class: "big" }, value),
      more ? el("span", { class: "more" }, more) : null));
}

function tilesOf(part) {
  const ratio = part.predicted_ns > 0 ? part.predicted_ns_as_written / part.predicted_ns : 1;
  const tiles = [tile("Predicted", time(part.predicted_ns), part.steps.length
    ? `was ${time(part.predicted_ns_as_written)}, ${digits(ratio)}×` : "as written")];
  tiles.push(part.measured_ns
    ? tile("Measured", time(part.measured_ns),
      `${digits(part.measured_ns / part.predicted_ns)}× the prediction, kernels alone`)
    : tile("Measured", "–", part.not_measured ? "could not be measured" : "not measured"));
  const proof = part.certificate;
  tiles.push(proof
    ? tile("Proof", proof.accepted ? "accepted" : "rejected",
      `${plural(proof.steps, "step")}, class ${proof.program_class}`,
      proof.accepted ? "good" : "bad")
    : tile("Proof", "–", "replayed at compile time"));
  const { made } = part;
  const isRefused = made && (made.reproducer || /differ|disagree/i.test(made.why));
  if (!made) tiles.push(tile("Compiled", "not yet", "nothing has been called"));
  else if (isRefused) tiles.push(tile("Compiled", "refused", "validation failed", "bad"));
  else if (made.tier !== "compiled") {
    tiles.push(tile("Compiled", "not yet", `tier 0: ${made.tier}`, "warn"));
  } else {
    tiles.push(tile("Compiled", time(made.compile_ms * 1e6),
      `${made.from_cache ? "from the cache; " : ""}search ${time(made.search_ms * 1e6)}`));
  }
  return tiles;
}

/** The arguments; of many the first ones. */
function signatureOf(part) {
  const all = part.signature.split(/, (?=[^\]]*(?:\[|$))/);
  let text = "";
  for (const [i, one] of all.entries()) {
    if (text.length + one.length > 180) {
      return `(${text}… ${plural(all.length - i, "more argument")})`;
    }
    text += i + 1 < all.length ? `${one}, ` : one;
  }
  return `(${text})`;
}

function showPart(part) {
  const parts = document.getElementById("parts");
  theme.listeners.clear();
  const where = [el("strong", {}, part.name),
    part.signature ? el("code", {}, signatureOf(part)) : "",
    part.place ? el("span", { class: "quiet" }, ` ${part.place}`) : ""];
  const lead = el("section", { class: "part", id: "chosen-function", "aria-live": "polite" });
  if (data.kind === "session") {
    lead.append(el("p", { class: "where" }, where), el("h2", { class: "headline" }, part.headline),
      el("dl", { class: "tiles" }, tilesOf(part)));
  } else {
    document.getElementById("where").replaceChildren(...where);
    document.getElementById("tiles").replaceChildren(...tilesOf(part));
  }
  const builders = [programsSection, chainSection, egraphSection, kernelsSection,
    () => timelineSection(part.timeline ?? data.timeline), proofSection];
  parts.replaceChildren(...(data.kind === "session" ? [lead] : []));
  for (const build of builders) parts.append(build(part));
}

function sessionTable() {
  const names = new Map();
  const choose = (i) => {
    showPart(data.programs[i]);
    for (const [number, button] of names) button.setAttribute("aria-pressed", String(number === i));
  };
  const rows = data.programs.map((part, i) => {
    const button = el("button", { type: "button", class: "link", "aria-pressed": String(i === 0),
      onclick: () => { choose(i); document.getElementById("chosen-function").scrollIntoView(); } },
        part.name);
    names.set(i, button);
    const ratio = part.predicted_ns > 0 ? part.predicted_ns_as_written / part.predicted_ns : 1;
    return [button, el("code", { class: "wrap" }, short(part.signature, 120)),
      time(part.predicted_ns),
      `${digits(ratio)}×`, part.certificate?.accepted ? "accepted" : "–",
      part.made?.tier ?? "–", part.made?.compile_ms ? time(part.made.compile_ms * 1e6) : "–",
      String(part.process ?? "")];
  });
  const number = (text) => [text, "number"];
  return el("section", { class: "part", id: "functions", "aria-labelledby": "functions-title" },
    el("h2", { id: "functions-title" }, "Functions"),
    table("Functions and signatures", ["Function", "Arguments", number("Predicted"), number("Gain"),
      "Proof", "Runs", number("Compile"), number("Process")], rows),
    data.notes.length ? el("ul", { class: "plainlist quiet" },
      data.notes.map((note) => el("li", {}, note))) : null);
}

function start() {
  theme.start(document.getElementById("theme"));
  document.getElementById("sections").append(...NAMES.map(([id, name]) =>
    el("a", { href: `#${id}` }, name)));
  document.getElementById("foot").textContent = `BAFE ${data.version}, ${data.made_at}`;
  if (data.kind === "session") {
    document.getElementById("session").append(sessionTable());
    document.getElementById("where").textContent = "A session, recorded with BAFE_TRACE";
    document.getElementById("tiles").remove();
  }
  if (data.programs.length) {
    showPart(data.programs[0]);
  } else {
    document.getElementById("parts").append(timelineSection(data.timeline));
  }
  document.documentElement.dataset.ready = "yes";
}

start();
