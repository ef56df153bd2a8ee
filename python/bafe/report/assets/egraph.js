// The e-graph: one box a class, its e-nodes as lines, the chosen one marked.

const MOST_LINES = 6;       // e-nodes shown in an open box; the panel beside lists all
const OPEN_BELOW = 160;     // nodes: smaller e-graphs start open
const EDGES_BELOW = 700;    // edges: larger e-graphs show all edges of the selected class only

/** "slice :start (0 0) :size (512 512)" -> "slice (0 0) (512 512)" */
function shortOp(op) {
  const name = op.split(" ")[0];
  if (name === "input") return `argument ${/:index (\d+)/.exec(op)?.[1] ?? ""}`;
  if (name === "fill") return valueText(/:value (\S+)/.exec(op)?.[1] ?? name);
  return short(op.replace(/ :\w+/g, ""), 34);
}

class EGraphModel {
  constructor(egraph) {
    this.egraph = egraph;
    const count = egraph.classes.length;
    this.members = Array.from({ length: count }, () => []);
    egraph.nodes.forEach((row, i) => this.members[row[1]].push(i));
    this.chosen = new Set(egraph.chosen);
    this.written = new Set(egraph.written);
    this.users = Array.from({ length: count }, () => []);
    egraph.nodes.forEach((row, i) => row[2].forEach((child) => this.users[child].push(i)));
    const isBusy = egraph.nodes.length > OPEN_BELOW;
    this.open = new Uint8Array(count).fill(isBusy ? 0 : 1);
    this.chosenIn = new Int32Array(count).fill(-1);
    for (const node of this.chosen) this.chosenIn[egraph.nodes[node][1]] = node;
    this.depth();
  }

  /** Layers: a class lies below what its chosen node reads, or the node with the fewest layers. */
  depth() {
    const { nodes } = this.egraph;
    const depth = new Int32Array(this.members.length).fill(1 << 20);
    const missing = nodes.map((row) => new Set(row[2]).size);
    let front = [];
    nodes.forEach((row, i) => { if (!missing[i]) front.push(i); });
    for (let level = 0; front.length; level++) {
      const settled = [];
      for (const node of front) {
        const cls = nodes[node][1];
        if (depth[cls] === 1 << 20) { depth[cls] = level; settled.push(cls); }
      }
      front = [];
      for (const cls of settled) {
        for (const user of new Set(this.users[cls])) if (--missing[user] === 0) front.push(user);
      }
    }
    // What is chosen reads what is chosen; the rest reads what is nearer to the arguments. So the
    // nodes that decide the layers have no cycle.
    this.best = this.members.map((list, cls) => {
      const isBelow = (node) => nodes[node][2].every((child) => depth[child] < depth[cls]);
      const node = this.chosenIn[cls] >= 0 ? this.chosenIn[cls] : list.find(isBelow);
      return node === undefined ? [] : [...new Set(nodes[node][2])];
    });
    this.layer = layersOf(this.members.length, this.best);
  }

  picture(found) {
    const { classes, nodes } = this.egraph;
    const boxes = classes.map(([name, type], cls) => {
      const list = this.members[cls];
      const main = this.chosenIn[cls] >= 0 ? this.chosenIn[cls] : list[0];
      const order = [main, ...list.filter((node) => node !== main)];
      const lines = !this.open[cls] ? [] : order.slice(0, MOST_LINES).map((node) => ({
        text: `${this.chosen.has(node) ? "● " : ""}${shortOp(nodes[node][0])}`,
        strong: this.chosen.has(node),
      }));
      if (this.open[cls] && list.length > MOST_LINES) {
        lines.push({ text: `and ${list.length - MOST_LINES} more` });
      }
      const title = short(main === undefined ? name : shortOp(nodes[main][0]), 22);
      const head = [{ text: short(`${name} · ${type}`, 34) }, ...lines];
      return { title, lines: head, count: list.length > 1 ? `${list.length}` : "",
        w: 190, h: 27 + 15 * head.length,
        tone: found.has(cls) ? "found" : this.chosenIn[cls] >= 0 ? "chosen" : "plain" };
    });
    const places = shelved(boxes, this.layer, this.best);
    places.forEach((place, i) => Object.assign(boxes[i], place));
    return { boxes, edges: this.edges() };
  }

  edges() {
    const { nodes } = this.egraph;
    const edges = [], seen = new Set();
    const add = (from, to, rest) => {
      const key = from * this.members.length + to;
      if (from === to || seen.has(key)) return;
      seen.add(key);
      edges.push({ from, to, ...rest });
    };
    for (const node of this.chosen) {
      const [, cls, children] = nodes[node];
      for (const child of children) add(child, cls, { tone: "accent", wide: true });
    }
    for (const [, cls, children] of nodes) {
      for (const child of children) add(child, cls, { tone: "line", quiet: true });
    }
    if (edges.length < EDGES_BELOW) edges.forEach((edge) => { edge.quiet = false; });
    return edges;
  }

  /** Classes that hold an operator whose text has all the words. */
  find(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const hits = [];
    this.egraph.nodes.forEach((row, i) => {
      const whole = row[0].toLowerCase();
      if (words.every((word) => whole.includes(word))) hits.push(i);
    });
    return hits;
  }
}

function classPanel(model, cls, go) {
  const { classes, nodes } = model.egraph;
  const [name, type] = classes[cls];
  const link = (other) => el("button", { type: "button", class: "link", onclick: () => go(other) },
    classes[other][0]);
  const rows = [...model.members[cls]]
    .sort((a, b) => model.chosen.has(b) - model.chosen.has(a) || nodes[a][3] - nodes[b][3])
    .slice(0, 200)
    .map((node) => [
      model.chosen.has(node) ? badge("chosen", "good") : model.written.has(node)
        ? badge("written", "plain") : "",
      el("code", {}, short(nodes[node][0], 120)),
      el("span", {}, nodes[node][2].map((child) => [link(child), " "]).flat()),
      nodes[node][3] > 1 ? time(nodes[node][3]) : "–",
    ]);
  const users = [...new Set(model.users[cls].map((node) => nodes[node][1]))].slice(0, 24);
  return [
    el("h3", {}, `${name} `, el("span", { class: "quiet" }, `${type}, `
      + `${plural(model.members[cls].length, "e-node")}`)),
    table(`E-nodes of ${name}`, ["", "Operator", "Reads", ["Alone", "number"]], rows),
    users.length ? el("p", {}, "Read by ", users.map((other) => [link(other), " "]).flat()) : null,
  ].filter(Boolean);
}

/** The picture of an e-graph with its search, and the panel that lists one class. */
class EGraphPanel {
  constructor(egraph) {
    this.egraph = egraph;
    this.model = new EGraphModel(egraph);
    this.hits = [];
    this.at = -1;
    this.counts = `${this.classes(egraph.classes.length)}, `
      + `${plural(egraph.nodes.length, "e-node")}, ${egraph.chosen.length} chosen.`
      + (egraph.missing ? ` ${plural(egraph.missing, "value")} of the program chosen came from a `
        + "search of its pieces and are not here." : "");
    this.status = el("p", { class: "quiet", role: "status", id: "egraph-status" }, this.counts);
    this.panel = el("div", { class: "details" },
      el("p", { class: "quiet" }, "Choose a class: click it, or use the arrow keys."));
    this.view = new GraphView({
      label: `E-graph of ${this.classes(egraph.classes.length)} and `
        + plural(egraph.nodes.length, "e-node"),
      help: "egraph-help", least: 0.62,
      first: () => egraph.roots[0] ?? 0,
      hint: (cls) => this.hint(cls),
      onselect: (cls) => this.panel.replaceChildren(
        ...classPanel(this.model, cls, (other) => this.view.select(other))),
      ontoggle: (cls) => this.toggle(cls),
    });
    this.search = el("input", { type: "search", id: "egraph-search", autocomplete: "off",
      placeholder: "matmul, transpose …", spellcheck: "false",
      oninput: () => this.find(this.search.value),
      onkeydown: (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        this.next(event.shiftKey ? -1 : 1);
      } });
    this.render(false);
    const top = Math.min(...this.view.boxes.map((box) => box.y));
    const boxes = this.view.boxes.map((box) => ({ y: box.y - top, h: box.h }));
    this.view.node.style.height = `${heightFor(boxes, 560)}px`;
  }

  classes(count) { return plural(count, "class", "classes"); }

  hint(cls) {
    const [name, type] = this.egraph.classes[cls];
    return `class ${name}, ${type}, ${plural(this.model.members[cls].length, "e-node")}, `
      + (this.model.open[cls] ? "open" : "closed");
  }

  found() { return new Set(this.hits.map((node) => this.egraph.nodes[node][1])); }

  render(keep) {
    const picture = this.model.picture(this.found());
    this.view.show(picture.boxes, picture.edges, keep);
    this.view.canvas.dataset.open = this.model.open.reduce((sum, one) => sum + one, 0);
  }

  toggle(cls) {
    this.model.open[cls] = this.model.open[cls] ? 0 : 1;
    this.render(true);
    this.view.select(cls);
    const state = this.model.open[cls] ? "open" : "closed";
    this.status.textContent = `${this.egraph.classes[cls][0]} is ${state}.`;
  }

  all(open) {
    this.model.open.fill(open);
    this.render(false);
    this.status.textContent = open ? "All classes are open." : "All classes are closed.";
  }

  find(text) {
    this.hits = this.model.find(text);
    this.at = -1;
    this.status.textContent = !text.trim() ? this.counts
      : `${plural(this.hits.length, "e-node")} in ${this.classes(this.found().size)}`
        + (this.hits.length ? "; Enter goes to the next." : ".");
    this.render(true);
  }

  next(by) {
    const classes = [...this.found()];
    if (!classes.length) return;
    this.at = (this.at + by + classes.length) % classes.length;
    this.view.select(classes[this.at]);
    this.status.textContent = `${plural(this.hits.length, "e-node")} in `
      + `${this.classes(classes.length)}; showing ${this.at + 1}.`;
  }

  nodes() {
    const button = (text, act) =>
      el("button", { type: "button", class: "button", onclick: act }, text);
    return [
      el("p", { class: "unseen", id: "egraph-help" }, "Arrow keys move between classes, Enter "
        + "opens or closes one, plus and minus zoom, 0 shows all, Home goes to the result."),
      el("div", { class: "tools" }, el("label", { class: "choice" }, "Operator ", this.search),
        button("Open all", () => this.all(1)), button("Close all", () => this.all(0)),
        button("Result", () => this.view.select(this.egraph.roots[0] ?? 0))),
      this.status, this.view.node, this.panel,
    ];
  }
}

function egraphSection(part) {
  const body = section("egraph", "E-graph",
    "Every box is a class of equal values; its lines are the ways found to compute it.");
  if (part.egraph) {
    body.append(...new EGraphPanel(part.egraph).nodes());
  } else {
    body.append(el("p", { class: "empty" }, part.no_egraph
      ?? "The e-graph was not kept: the program is searched in pieces."));
  }
  body.append(growthTable(part));
  return body;
}

function growthTable(part) {
  const rows = [["start", part.stats.nodes_before, part.stats.classes_before, "–", "–"]];
  part.rounds.forEach((round, i) =>
    rows.push([`${i + 1}: ${round.sets}`, round.nodes, round.classes,
    round.matches, round.accepted]));
  const notes = [`Stopped: ${part.stats.stop_reason}.`,
    ...part.limits.map((one) => `Limit: ${one}.`)];
  return el("details", {}, el("summary", {}, "How it grew"),
    table("Rounds of saturation", ["Round", ["Nodes", "number"], ["Classes", "number"],
      ["Matches", "number"], ["Accepted", "number"]],
      rows.map((row) => row.map((cell) =>
        (typeof cell === "number" ? cell.toLocaleString("en") : cell)))),
    el("p", { class: "quiet" }, notes.join(" ")),
    part.rejected.length ? el("div", {}, el("h3", {}, "Not taken"),
      el("ul", { class: "plainlist" },
        part.rejected.map(([what, why]) =>
          el("li", {}, el("strong", {}, what), `: ${short(why, 300)}`)))) : null);
}
