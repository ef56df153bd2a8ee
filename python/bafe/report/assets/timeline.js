// Lanes of what happened when: traces, searches, compiles, the cache, calls, recompiles.

const KINDS = [
  ["trace and search", "c1", /^(trace|search|key|prepare|certificate|generalise|tier 0)/],
  ["compile", "c2", /^(code|compile|assembly|load|rebuild|instance|validate)/],
  ["cache", "c3", /^(cache|from cache)/],
  ["tune and compare", "c4", /^(tune|duel|calibrate|background)/],
  ["call", "c5", /^call$/],
  ["kernel", "c6", /^$/],
];

function kindOf(span) {
  if (span.cat === "kernel") return 5;
  if (span.cat === "call") return 4;
  const at = KINDS.findIndex(([, , pattern]) => pattern.test(span.name));
  return at < 0 ? 0 : at;
}

/** Rows of each lane: a span lies below those that hold it. */
function stackSpans(spans) {
  const lanes = new Map();
  for (const span of spans) {
    if (!lanes.has(span.lane)) lanes.set(span.lane, []);
    lanes.get(span.lane).push(span);
  }
  let deepest = new Map();
  for (const [lane, list] of lanes) {
    list.sort((a, b) => a.begin - b.begin || b.length - a.length);
    const ends = [];
    let most = 0;
    for (const span of list) {
      while (ends.length && ends[ends.length - 1] <= span.begin + 1e-6) ends.pop();
      span.row = ends.length;
      ends.push(span.begin + span.length);
      most = Math.max(most, ends.length);
    }
    deepest.set(lane, most);
  }
  return { lanes, deepest };
}

class TimelineView {
  constructor(line) {
    this.line = line;
    const [names, cats] = [line.names, line.cats];
    this.spans = line.spans.map(([lane, name, cat, begin, length]) => ({
      lane, name: names[name], cat: cats[cat], begin, length }));
    this.spans.forEach((span) => { span.kind = kindOf(span); });
    const { lanes, deepest } = stackSpans(this.spans);
    this.byLane = lanes;
    this.rows = line.lanes.map((name, lane) =>
      ({ name, deep: Math.min(8, deepest.get(lane) ?? 0) }));
    this.events = line.events.map(([lane, at, kind, text]) => ({ lane, at, kind, text }));
    const times = [...this.spans.flatMap((span) => [span.begin, span.begin + span.length]),
      ...this.events.map((event) => event.at)];
    this.begin = times.reduce((a, b) => Math.min(a, b), Infinity);
    this.end = times.reduce((a, b) => Math.max(a, b), -Infinity);
    if (!(this.end > this.begin)) this.end = this.begin + 1;
    this.slack = 0.012 * (this.end - this.begin);
    this.from = this.begin - this.slack;
    this.to = this.end + this.slack;
    this.items = [...this.spans.map((span) => ({ at: span.begin, span })),
      ...this.events.map((event) => ({ at: event.at, event }))].sort((a, b) => a.at - b.at);
    this.selected = -1;
    this.canvas = el("canvas", { tabindex: "0", role: "application",
      "aria-roledescription": "timeline",
      "aria-label": `Timeline of ${plural(this.spans.length, "span")} and `
        + `${plural(this.events.length, "event")}`, "aria-describedby": "timeline-help" });
    this.top = 26;
    this.height = this.top + 8 + this.rows.reduce((sum, row) => sum + 26
      + 17 * Math.max(1, row.deep), 0);
    this.canvas.style.height = `${this.height}px`;
    this.listen();
    theme.listeners.add(() => this.redraw());
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
  }

  x(at) { return ((at - this.from) / (this.to - this.from)) * this.canvas.clientWidth; }

  zoom(factor, share = 0.5) {
    const middle = this.from + share * (this.to - this.from);
    const whole = this.end - this.begin;
    const length = Math.min(whole + 2 * this.slack,
      Math.max(whole / 1e6, (this.to - this.from) / factor));
    this.from = middle - share * length;
    this.to = this.from + length;
    this.keepIn();
  }

  move(share) {
    const by = share * (this.to - this.from);
    this.from += by;
    this.to += by;
    this.keepIn();
  }

  keepIn() {
    const length = this.to - this.from, { slack } = this;
    if (this.from < this.begin - slack) this.from = this.begin - slack;
    const last = this.end + slack - length;
    if (this.from > last) this.from = Math.max(this.begin - slack, last);
    this.to = this.from + length;
    this.redraw();
  }

  all() {
    this.from = this.begin - this.slack;
    this.to = this.end + this.slack;
    this.keepIn();
  }

  text(item) {
    const after = time((item.at - this.begin) * 1e3);
    if (item.event) return `${item.event.kind} at ${after}: ${item.event.text}`;
    const { span } = item;
    return `${span.cat === "kernel" ? "kernel " : ""}${span.name}: ${time(span.length * 1e3)}, `
      + `from ${after}, ${this.rows[span.lane].name}`;
  }

  select(number) {
    this.selected = Math.min(this.items.length - 1, Math.max(0, number));
    const item = this.items[this.selected];
    const length = this.to - this.from;
    if (item.at < this.from || item.at > this.to) {
      this.from = item.at - 0.3 * length;
      this.to = this.from + length;
      this.keepIn();
    }
    this.told.textContent = this.text(item);
    this.redraw();
  }

  listen() {
    const canvas = this.canvas;
    let from = null;
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), event.offsetX / canvas.clientWidth);
    }, { passive: false });
    canvas.addEventListener("pointerdown",
      (event) => { from = { x: event.clientX, moved: false }; });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const by = event.clientX - from.x;
      if (!from.moved && Math.abs(by) < 4) return;
      if (!from.moved) canvas.setPointerCapture(event.pointerId);
      from = { x: event.clientX, moved: true };
      this.move(-by / canvas.clientWidth);
    });
    canvas.addEventListener("pointerup", (event) => {
      if (from && !from.moved) this.pick(event.offsetX, event.offsetY);
      from = null;
    });
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const acts = {
        ArrowRight: () => this.select(this.selected + 1), ArrowLeft: () =>
          this.select(this.selected - 1),
        "+": () => this.zoom(1.5), "=": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5),
        0: () => this.all(), Home: () => this.select(0), End: () =>
          this.select(this.items.length - 1),
        PageDown: () => this.move(0.6), PageUp: () => this.move(-0.6),
      };
      if (!acts[event.key] || !this.items.length) return;
      event.preventDefault();
      acts[event.key]();
    });
  }

  pick(x, y) {
    let best = -1;
    this.items.forEach((item, i) => {
      const box = item.span ? this.boxOf(item.span) : null;
      if (box && x >= box[0] - 2 && x <= box[0] + Math.max(3, box[2]) + 2 && y >= box[1]
        && y <= box[1] + 15) best = i;
      if (item.event && Math.abs(this.x(item.at) - x) < 6
        && Math.abs(this.topOf(item.event.lane) + 27 - y) < 9) best = i;
    });
    if (best >= 0) this.select(best);
  }

  topOf(lane) {
    let top = this.top;
    for (let i = 0; i < lane; i++) top += 26 + 17 * Math.max(1, this.rows[i].deep);
    return top;
  }

  boxOf(span) {
    const left = this.x(span.begin);
    return [left, this.topOf(span.lane) + 19 + 17 * Math.min(7, span.row),
      Math.max(1, this.x(span.begin + span.length) - left)];
  }

  redraw() {
    drawSoon(this);
  }

  draw() {
    const ratio = window.devicePixelRatio || 1, c = theme.colours, { canvas } = this;
    const width = canvas.clientWidth;
    if (!width) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(this.height * ratio);
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.textBaseline = "middle";
    this.drawScale(pen, c, width);
    const chosen = this.selected >= 0 ? this.items[this.selected] : null;
    this.rows.forEach((row, lane) => {
      const top = this.topOf(lane);
      pen.fillStyle = c.quiet;
      pen.font = "11px system-ui, sans-serif";
      pen.fillText(row.name, 6, top + 9);
      for (const span of this.byLane.get(lane) ?? []) {
        if (span.begin > this.to || span.begin + span.length < this.from) continue;
        const [x, y, w] = this.boxOf(span);
        pen.fillStyle = c[KINDS[span.kind][1]];
        pen.fillRect(x, y, w, 15);
        if (chosen?.span === span) {
          pen.strokeStyle = c.ink;
          pen.lineWidth = 2;
          pen.strokeRect(x, y, Math.max(3, w), 15);
        }
        if (w > 40) this.drawName(pen, span, x, y, w, c);
      }
    });
    for (const event of this.events) this.drawEvent(pen, event, chosen?.event === event, c);
  }

  drawName(pen, span, x, y, w, c) {
    const left = Math.max(0, x);
    pen.save();
    pen.beginPath();
    pen.rect(left, y, x + w - left - 3, 15);
    pen.clip();
    pen.fillStyle = c.surface;
    pen.fillText(span.name, left + 4, y + 8);
    pen.restore();
  }

  drawEvent(pen, event, isChosen, c) {
    const x = this.x(event.at), y = this.topOf(event.lane) + 27;
    pen.fillStyle = event.kind === "recompile" ? c.warn : c.accent;
    pen.beginPath();
    pen.moveTo(x, y - 6);
    pen.lineTo(x + 5, y);
    pen.lineTo(x, y + 6);
    pen.lineTo(x - 5, y);
    pen.fill();
    if (!isChosen) return;
    pen.strokeStyle = c.ink;
    pen.lineWidth = 2;
    pen.stroke();
  }

  drawScale(pen, c, width) {
    const length = this.to - this.from;
    let step = 10 ** Math.floor(Math.log10(length / 4));
    while (length / step > Math.max(3, width / 110)) step *= length / step > 12 ? 5 : 2;
    pen.font = "11px system-ui, sans-serif";
    for (let at = Math.ceil((this.from - this.begin) / step) * step; at <= this.to - this.begin;
      at += step) {
      const x = this.x(this.begin + at);
      pen.fillStyle = c.line;
      pen.fillRect(x, 20, 1, this.height - 20);
      pen.fillStyle = c.quiet;
      pen.fillText(at === 0 ? "0" : time(at * 1e3), x + 3, 10);
    }
  }
}

function timelineSection(line) {
  const body = section("timeline", "Timeline", line.note);
  if (!line.spans.length && !line.events.length) {
    body.append(el("p", { class: "empty" }, "Nothing was recorded."));
    return body;
  }
  const view = new TimelineView(line);
  view.told = el("p", { class: "told", "aria-live": "polite" },
    "Arrow keys step through what happened; plus and minus zoom, 0 shows everything.");
  const button = (text, label, act) => el("button", { type: "button", class: "button small",
    "aria-label": label, title: label, onclick: act }, text);
  const used = new Set(view.spans.map((span) => span.kind));
  body.append(
    el("p", { class: "unseen", id: "timeline-help" },
      "Left and right arrows step, plus and minus zoom, page keys move, 0 shows everything."),
    el("div", { class: "tools" },
      button("+", "Zoom in", () => view.zoom(1.5)),
        button("−", "Zoom out", () => view.zoom(1 / 1.5)),
      button("←", "Earlier", () => view.move(-0.4)), button("→", "Later", () => view.move(0.4)),
      button("All", "Show all time", () => view.all()),
      el("span", { class: "legend" }, KINDS.map(([name, colour], i) => (used.has(i)
        ? [el("span", { class: `key ${colour}` }), `${name} `] : [])).flat())),
    el("div", { class: "lanes" }, view.canvas), view.told);
  if (view.events.length) body.append(eventsTable(view));
  body.append(totalsTable(view));
  return body;
}

function eventsTable(view) {
  const rows = view.events.slice(0, 400).map((event) => [time((event.at - view.begin) * 1e3),
    badge(event.kind, event.kind === "recompile" ? "warn" : "plain"),
    el("span", { class: "wrap" }, event.text)]);
  return el("div", {}, el("h3", {}, "Signatures and recompiles"),
    table("Events", [["After", "number"], "What", "Why"], rows));
}

function totalsTable(view) {
  const sums = new Map();
  for (const span of view.spans) {
    const key = span.cat === "kernel" ? `kernel ${span.name}` : span.name;
    const sum = sums.get(key) ?? { count: 0, total: 0, most: 0 };
    sum.count++;
    sum.total += span.length;
    sum.most = Math.max(sum.most, span.length);
    sums.set(key, sum);
  }
  const rows = [...sums].sort((a, b) => b[1].total - a[1].total).slice(0, 40)
    .map(([name, sum]) => [el("span", { class: "wrap" }, short(name, 80)),
      sum.count.toLocaleString("en"),
      time(sum.total * 1e3), time((sum.total / sum.count) * 1e3), time(sum.most * 1e3)]);
  return el("details", {}, el("summary", {}, "Where the time went"),
    table("Sums by name", ["What", ["Times", "number"], ["Total", "number"], ["Mean", "number"],
      ["Longest", "number"]], rows));
}
