// The rewrites in order, one at a time: a slider, and the program before and after each.

const STATUS = {
  proven: ["proven for all sizes", "good"],
  bounded: ["proven for small sizes", "warn"],
  tested: ["tested only", "warn"],
};

function statusOf(step) {
  if (step.kind === "compute") return ["evaluated again by the checker", "good"];
  if (step.kind === "ac") return ["compared as flattened sums", "good"];
  if (step.kind === "define") return ["by definition", "good"];
  if (step.kind === "instance") return ["an equal piece was proven before", "good"];
  if (step.kind === "move") return ["the same bytes", "good"];
  return STATUS[step.status] ?? ["not proven by the rules of this build", "warn"];
}

const KIND_NAMES = {
  compute: "value computed", ac: "terms regrouped", define: "definition unfolded",
  instance: "equal piece, as before",
};

const nameOfStep = (step) => KIND_NAMES[step.rule] ?? step.rule;

const MEANING = {
  bits: "same bits for every input",
  signs: "same bits, zero signs may differ",
  finite: "same where no NaN or Inf occurs",
  reals: "equal over the reals, and stable",
  domain: "equal where a proven fact holds",
  approx: "within a stated bound",
};

/** Lines of the certificate that state a step, as [number, text]: the checker replayed each. */
function certificateLines(part, number) {
  const proof = part.certificate;
  if (!proof?.accepted) return [];
  const lines = proof.text.split("\n");
  const uses = lines.filter((line) => line.startsWith("use ")).map((line) => line.split(" ")[1]);
  const isLike = (step, line) => {
    const [kind, use] = line.split(" ");
    if (kind !== step.kind) return false;
    return kind !== "rule" || uses[Number.parseInt(use, 10)] === step.rule;
  };
  const step = part.steps[number];
  const found = lines.map((line, i) => [i + 1, line]).filter(([, line]) => isLike(step, line));
  const alike = part.steps.filter((one) => one.kind === step.kind && one.rule === step.rule);
  return found.length === alike.length ? [found[alike.indexOf(step)]] : found.slice(0, 4);
}

function reachable(graph, roots) {
  const seen = new Set(), visit = [...roots];
  while (visit.length) {
    const id = visit.pop();
    if (seen.has(id)) continue;
    seen.add(id);
    visit.push(...graph.nodes[id][2]);
  }
  return seen;
}

/** Source line of a value, or of what it came from in earlier steps. */
function placeOfStep(part, number) {
  const step = part.steps[number];
  if (step.chain === undefined) return "";
  const nodes = part.chains[step.chain].nodes;
  const find = (id) => {
    const visit = [id], seen = new Set();
    while (visit.length && seen.size < 400) {
      const next = visit.shift();
      if (seen.has(next)) continue;
      seen.add(next);
      if (nodes[next][4]) return nodes[next][4];
      visit.push(...nodes[next][2]);
    }
    return "";
  };
  for (let before = number; before >= 0; before--) {
    const other = part.steps[before];
    if (other.chain !== step.chain) break;
    const place = find(before === number ? step.left : other.left);
    if (place) return place;
  }
  return "";
}

/** What a step took away and what it brought, with the roots of both programs. */
function changeOf(part, number) {
  const step = part.steps[number];
  if (step.chain === undefined) return null;
  const chain = part.chains[step.chain];
  let before = chain.roots;
  for (let i = number - 1; i >= 0; i--) {
    if (part.steps[i].chain !== step.chain) break;
    before = part.steps[i].state;
    break;
  }
  const isWhole = step.state.length > 0 && before.length > 0;
  const from = isWhole ? before : [step.left], to = isWhole ? step.state : [step.right];
  const old = reachable(chain, from), fresh = reachable(chain, to);
  const left = reachable(chain, [step.left]), right = reachable(chain, [step.right]);
  const gone = [...left].filter((id) => old.has(id) && !fresh.has(id) && !right.has(id));
  const come = [...right].filter((id) => fresh.has(id) && !old.has(id) && !left.has(id));
  if (!gone.length && old.has(step.left)) gone.push(step.left);
  if (!come.length && fresh.has(step.right)) come.push(step.right);
  return { chain, from, to, gone, come, isWhole };
}

/** The side of a change; where it is large, what is far from the change is left out. */
function sidePicture(change, roots, marked, tone) {
  const tones = new Map(marked.map((id) => [id, tone]));
  return programPicture(change.chain, roots, { tones, small: true });
}

function sideView(label, nodes) {
  const view = new GraphView({
    label, help: "graph-help", least: 0.5,
    first: () => Math.max(0, view.marked ?? 0),
    hint: (box) => describeNode(nodes.graph, nodes.ids[box], null),
  });
  return view;
}

function showSide(view, nodes, change, roots, marked, tone) {
  const picture = sidePicture(change, roots, marked, tone);
  nodes.graph = change.chain;
  nodes.ids = picture.ids;
  view.high = Math.max(view.high ?? 0, heightFor(picture.boxes, 480));  // it only grows
  view.node.style.height = `${view.high}px`;
  view.selected = -1;
  view.marked = picture.boxes.findIndex((box) => box.tone === tone);
  view.show(picture.boxes, picture.edges);
}

function stepCard(part, number) {
  const step = part.steps[number];
  const [status, tone] = statusOf(step);
  const place = placeOfStep(part, number);
  const kind = step.class ? `${step.class}: ${MEANING[step.class] ?? ""}` : "same bits";
  const pairs = [
    ["Proof", [badge(status, tone), step.engine
      ? el("span", { class: "quiet" }, ` by ${step.engine}`) : null]],
    ["Class", kind],
    ["Place", place ? el("code", {}, place) : "everywhere the term occurs"],
  ];
  const lines = certificateLines(part, number);
  if (lines.length) {
    pairs.push(["Certificate", [lines.map(([at, line]) => [
      `line ${at}: `, el("code", {}, short(line, 60)), " "]), "replayed with its conditions"]]);
  }
  if (step.premises.length) {
    pairs.push(["Held", el("ul", { class: "plainlist" },
      step.premises.map((one) => el("li", {}, el("code", {}, one))))]);
  }
  if (step.why) pairs.push(["Why", step.why]);
  return [
    el("p", { class: "steptitle" },
      el("strong", {}, nameOfStep(step)), step.forward ? null
        : el("span", { class: "quiet" }, " right to left")),
    el("div", { class: "diff" },
      el("pre", { class: "minus", tabindex: "0", "aria-label": "before" }, step.before),
      el("pre", { class: "plus", tabindex: "0", "aria-label": "after" }, step.after)),
    el("dl", { class: "pairs" }, pairs.map(([name, value]) =>
      [el("dt", {}, name), el("dd", {}, value)])),
  ];
}

function chainSection(part) {
  const count = part.steps.length;
  const body = section("chain", "Rewrites", null);
  if (!count) {
    body.append(el("p", { class: "empty" },
      "No rewrite: the program runs as written. The certificate says so in one line."));
    return body;
  }
  const input = el("input", { type: "range", id: "step", min: "1", max: String(count), value: "1",
    "aria-label": "Rewrite" });
  const where = el("output", { for: "step", class: "figure" });
  const card = el("div", { class: "card", "aria-live": "polite", id: "step-card" });
  const olds = {}, news = {};
  const old = sideView("Program before this rewrite", olds);
  const fresh = sideView("Program after this rewrite", news);
  const note = el("p", { class: "quiet" });
  const two = el("div", { class: "two" },
    el("div", { class: "panel" }, el("h3", {}, "Before ", badge("taken away", "bad")), old.node),
    el("div", { class: "panel" }, el("h3", {}, "After ", badge("brought in", "good")), fresh.node));
  const list = el("ol", { class: "steps", "aria-label": "All rewrites" });
  const go = (number) => {
    const step = part.steps[number];
    input.value = String(number + 1);
    input.setAttribute("aria-valuetext", `rewrite ${number + 1} of ${count}: ${nameOfStep(step)}`);
    where.textContent = `${number + 1} of ${count}`;
    card.replaceChildren(...stepCard(part, number));
    [...list.children].forEach((item, i) => {
      const button = item.firstChild;
      if (i === number) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    const change = changeOf(part, number);
    two.hidden = !change;
    note.textContent = !change ? "This step has no picture: its texts say what changed."
      : change.isWhole ? "" : "Only the rewritten part is drawn, as its values are used often.";
    if (!change) return;
    showSide(old, olds, change, change.from, change.gone, "removed");
    showSide(fresh, news, change, change.to, change.come, "added");
  };
  const arrow = (text, label, by) => el("button", { type: "button", class: "button",
    "aria-label": label, onclick: () => {
      go(Math.min(count - 1, Math.max(0, Number(input.value) - 1 + by)));
    } }, text);
  part.steps.forEach((step, i) => {
    const [status, tone] = statusOf(step);
    list.append(el("li", {}, el("button", { type: "button", onclick: () => go(i) },
      el("span", { class: `dot ${tone}`, title: status }), nameOfStep(step))));
  });
  input.addEventListener("input", () => go(Number(input.value) - 1));
  body.append(
    el("div", { class: "slider" }, arrow("←", "Previous rewrite", -1), input,
      arrow("→", "Next rewrite", 1), where),
    el("div", { class: "chain" }, el("div", { class: "listbox" }, list), card), note, two);
  go(0);
  return body;
}
