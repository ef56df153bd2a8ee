// Programs as graphs: one box a value, arguments on top, results at the bottom.

/** A node as the data gives it. */
function nodeOf(row) {
  const [op, fields, operands, type, place, name] = row;
  return { op, fields, operands, type, place, name };
}

const isLeaf = (node) => node.operands.length === 0;

/** "0x1.8p+1:f32" -> "3": what fills hold, as people write it. */
function valueText(text) {
  const hex = /^(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+):\w+$/.exec(text);
  if (!hex) return text.replace(/:\w+$/, "");
  const [, sign, whole, part = "", power] = hex;
  const digitsValue = Number(whole) + parseInt(part || "0", 16) / 16 ** part.length;
  const value = digitsValue * 2 ** Number(power);
  return `${sign}${Number(value.toPrecision(7))}`;
}

function titleOf(node) {
  if (node.name) return node.name;
  const value = /:value (\S+)/.exec(node.fields);
  return node.op === "fill" && value ? valueText(value[1]) : node.op;
}

function sizeOfBox(title, lines) {
  const longest = Math.max(title.length * 8.2,
    ...lines.map((line) => (line.text ?? line).length * 6));
  const h = lines.length ? 27 + 15 * lines.length : 28;
  return { w: Math.min(220, Math.max(74, longest + 22)), h };
}

/** The fields that say something a type does not. */
function fieldsOf(node) {
  return short(node.fields.replace(/:(index|dtype|shape) (\([^)]*\)|\S+)/g, "").trim(), 240);
}

/** Boxes and edges of the values that `roots` need. tones: value -> tone; costs: value -> ns. */
function programPicture(graph, roots, { tones = new Map(), costs = null, small = false } = {}) {
  const ids = [], at = new Map();
  const visit = [...roots].reverse();
  while (visit.length) {
    const id = visit.pop();
    if (at.has(id)) continue;
    at.set(id, -1);
    visit.push(...graph.nodes[id][2]);
  }
  [...at.keys()].sort((a, b) => a - b).forEach((id, i) => { at.set(id, i); ids.push(id); });
  const boxes = ids.map((id) => {
    const node = nodeOf(graph.nodes[id]);
    const lines = [node.type];
    if (!small && node.place) lines.push(short(node.place, 34));
    const cost = costs?.[id];
    if (!small && !isLeaf(node) && cost > 1) lines.push({ text: time(cost), strong: false });
    const title = short(titleOf(node), 26);
    return { id, title, lines, ...sizeOfBox(title, lines),
      tone: tones.get(id) ?? (isLeaf(node) ? "leaf" : "plain") };
  });
  const operands = ids.map((id) => [...new Set(graph.nodes[id][2])].map((other) => at.get(other)));
  const { boxes: places, edges } = layered(boxes, operands, 20, boxes.length > 600 ? 30 : 40);
  places.forEach((place, i) => Object.assign(boxes[i], place));
  return { boxes, edges, ids, roots: roots.map((root) => at.get(root)) };
}

function describeNode(graph, id, costs) {
  const node = nodeOf(graph.nodes[id]);
  const parts = [`${titleOf(node)}: ${node.op}, ${node.type}`];
  if (fieldsOf(node)) parts.push(fieldsOf(node));
  if (node.place) parts.push(`written at ${node.place}`);
  if (costs?.[id] > 1) parts.push(`${time(costs[id])} by itself`);
  return parts.join("; ");
}

function detailsOfNode(graph, id, costs, extra = []) {
  const node = nodeOf(graph.nodes[id]);
  const rows = [["Operator", node.op], ["Type", node.type]];
  if (node.name) rows.unshift(["Name", node.name]);
  if (fieldsOf(node)) rows.push(["Fields", fieldsOf(node)]);
  if (node.operands.length) {
    rows.push(["Reads", node.operands.map((other) =>
      titleOf(nodeOf(graph.nodes[other]))).join(", ")]);
  }
  if (node.place) rows.push(["Source", node.place]);
  if (costs?.[id] > 1) rows.push(["Alone", `${time(costs[id])} predicted`]);
  return el("dl", { class: "pairs" },
    [...rows, ...extra].map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** One program with its picture, what is chosen in it, and its source lines. */
function programPanel(which, title, part) {
  const graph = part[which], costs = part[`${which}_costs`] ?? graph.costs;
  const ns = which === "written" ? part.predicted_ns_as_written : part.predicted_ns;
  const groupOf = new Map();
  (graph.groups ?? []).forEach((group, i) => group.forEach((id) => groupOf.set(id, i)));
  const picture = programPicture(graph, graph.roots, { costs });
  const details = el("div", { class: "details" },
    el("p", { class: "quiet" }, "Choose a value: click it, or use the arrow keys."));
  const view = new GraphView({
    label: `${title}: graph of ${plural(picture.boxes.length, "value")}`,
    help: "graph-help", least: 0.55,
    first: () => picture.roots[0] ?? 0,
    hint: (box) => describeNode(graph, picture.ids[box], costs),
    onselect: (box) => {
      const id = picture.ids[box], extra = [];
      if (graph.layouts?.[id]) extra.push(["Stored", graph.layouts[id]]);
      const kernel = part.candidates[0]?.kernels[groupOf.get(id)];
      if (kernel) {
        extra.push(["Kernel", `${groupOf.get(id) + 1} (${kernel.kind}), `
          + `${time(kernel.predicted_ns)} predicted for all of it`]);
      }
      details.replaceChildren(detailsOfNode(graph, id, costs, extra));
    },
  });
  view.show(picture.boxes, picture.edges);
  const lines = part[`${which}_lines`].map(([place, text]) => [el("code", {}, place),
    el("code", {}, text)]);
  const operations = graph.nodes.filter((row) => row[2].length).length;
  const node = el("div", { class: "panel", id: `program-${which}` },
    el("h3", {}, title, el("span", { class: "quiet figure" },
      `${time(ns)} predicted, ${plural(operations, "operation")}`)),
    view.node, details,
    el("details", {}, el("summary", {}, "As text"),
      table(`${title}, by source line`, ["Source", "Value"], lines)));
  return { node, view, high: heightFor(picture.boxes) };
}

/** How high a picture must be to be read, within reason. */
function heightFor(boxes, most = 640) {
  const high = boxes.reduce((sum, box) => Math.max(sum, box.y + box.h), 0);
  return Math.round(Math.min(most, Math.max(260, high * 0.66 + 70)));
}

function programsSection(part) {
  const body = section("programs", "Program", null);
  body.append(el("p", { class: "unseen", id: "graph-help" },
    "Arrow keys move along edges, plus and minus zoom, 0 shows everything, Home goes to "
    + "the result."));
  if (!part.steps.length) {
    body.append(el("p", { class: "about" },
      "No rewrite was found that makes it cheaper: what runs is what was written, with operators "
      + "fused into kernels."));
  }
  const panels = [programPanel("written", "As written", part),
    programPanel("chosen", "As chosen", part)];
  const high = Math.max(...panels.map((panel) => panel.high));
  for (const { view } of panels) view.node.style.height = `${high}px`;
  body.append(el("div", { class: "two" }, panels.map((panel) => panel.node)));
  if (part.bodies?.length) {
    body.append(el("h3", {}, "Bodies of loops and branches"),
      table("Bodies", ["As written", "As chosen", ["Predicted", "number"]],
        part.bodies.map(([before, after, ns]) => [el("code", { class: "wrap" }, short(before, 300)),
          el("code", { class: "wrap" }, short(after, 300)), time(ns)])));
  }
  if (part.guards?.length) {
    body.append(el("h3", {}, "Serves, and tests before it runs"),
      el("ul", { class: "plainlist" }, part.guards.map((guard) => el("li", {}, guard))));
  }
  if (part.facts.length) {
    body.append(el("h3", {}, "Known of its values"),
      el("ul", { class: "plainlist" }, part.facts.map((fact) => el("li", {}, fact))));
  }
  return body;
}
