// A picture of boxes and edges on a canvas: pan, zoom, select. Only what is in view is drawn.

class GraphView {
  /** options: label, help, hint(id) -> what is told of a box, onselect(id), ontoggle(id) */
  constructor(options) {
    this.options = options;
    this.boxes = [];
    this.edges = [];
    this.selected = -1;
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.canvas = el("canvas", {
      tabindex: "0", role: "application", "aria-roledescription": "graph",
      "aria-label": options.label, "aria-describedby": options.help,
    });
    this.told = el("p", { class: "unseen", "aria-live": "polite" });
    const button = (text, label, act) => el("button",
      { type: "button", class: "button small", "aria-label": label, title: label, onclick: act },
        text);
    this.node = el("div", { class: "graph" }, this.canvas, this.told,
      el("div", { class: "zoom" },
        button("+", "Zoom in", () => this.zoom(1.35)),
        button("−", "Zoom out", () => this.zoom(1 / 1.35)),
        button("Fit", "Show everything", () => this.fit(true))));
    this.listen();
    theme.listeners.add(() => this.redraw());
    new ResizeObserver(() => this.resized()).observe(this.canvas);
  }

  /** boxes: {x, y, w, h, title, lines, tone, strong}; edges: {from, to, points?, tone}. */
  show(boxes, edges, keep = false) {
    this.boxes = boxes;
    this.edges = edges;
    this.canvas.dataset.boxes = boxes.length;
    if (this.selected >= boxes.length) this.selected = -1;
    if (keep) this.redraw();
    else this.fit();
  }

  bounds() {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const box of this.boxes) {
      left = Math.min(left, box.x);
      top = Math.min(top, box.y);
      right = Math.max(right, box.x + box.w);
      bottom = Math.max(bottom, box.y + box.h);
    }
    return this.boxes.length ? [left, top, right, bottom] : [0, 0, 1, 1];
  }

  resized() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    if (this.follows) this.fit();
    else this.redraw();
  }

  /** Everything in view; unless all is asked for, what could not be read is cut at the result. */
  fit(isAll = false) {
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    this.follows = true;  // the size of the window, until somebody moves the picture
    if (!width) return;
    const [left, top, right, bottom] = this.bounds();
    const whole = Math.min((width - 32) / (right - left), (height - 32) / (bottom - top));
    this.scale = Math.min(1, Math.max(whole, isAll ? 0 : this.options.least ?? 0));
    const main = this.boxes[this.options.first?.() ?? 0];
    const isWide = this.scale * (right - left) > width;
    const isHigh = this.scale * (bottom - top) > height;
    this.x = width / 2 - (this.scale * (left + right)) / 2;
    this.y = height / 2 - (this.scale * (top + bottom)) / 2;
    if ((isWide || isHigh) && main) this.centre(main);
    this.redraw();
  }

  /** Moves a box to the middle, as far as the picture reaches. */
  centre(box) {
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    const [left, top, right, bottom] = this.bounds();
    const place = (size, low, high, at, margin) => {
      const whole = this.scale * (high - low);
      if (whole < size - 2 * margin) return size / 2 - (this.scale * (low + high)) / 2;
      const wanted = size / 2 - this.scale * at;
      const last = size - margin - this.scale * high;
      return Math.min(margin - this.scale * low, Math.max(last, wanted));
    };
    this.x = place(width, left, right, box.x + box.w / 2, 16);
    this.y = place(height, top, bottom, box.y + box.h / 2, 54);
    this.redraw();
  }

  zoom(factor, atX = this.canvas.clientWidth / 2, atY = this.canvas.clientHeight / 2) {
    this.follows = false;
    const next = Math.min(3, Math.max(0.02, this.scale * factor));
    this.x = atX - ((atX - this.x) * next) / this.scale;
    this.y = atY - ((atY - this.y) * next) / this.scale;
    this.scale = next;
    this.redraw();
  }

  /** Marks a box, tells what it is, and brings it into view. */
  select(id, tell = true) {
    this.selected = id;
    this.canvas.dataset.selected = id;
    if (id >= 0) {
      this.follows = false;
      this.reveal(this.boxes[id]);
      if (tell) this.told.textContent = this.options.hint(id);
      this.options.onselect?.(id);
    }
    this.redraw();
  }

  reveal(box) {
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    if (!width) return;
    if (this.scale < 0.45) {
      this.scale = 0.8;
      this.x = width / 2 - this.scale * (box.x + box.w / 2);
      this.y = height / 2 - this.scale * (box.y + box.h / 2);
    }
    const margin = 24;
    const left = this.x + this.scale * box.x, top = this.y + this.scale * box.y;
    const right = left + this.scale * box.w, bottom = top + this.scale * box.h;
    if (left < margin) this.x += margin - left;
    else if (right > width - margin) this.x -= right - width + margin;
    if (top < margin) this.y += margin - top;
    else if (bottom > height - margin) this.y -= bottom - height + margin;
  }

  redraw() {
    drawSoon(this);
  }

  draw() {
    const pen = this.canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1, c = theme.colours;
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.setTransform(ratio * this.scale, 0, 0, ratio * this.scale, ratio * this.x, ratio * this.y);
    const view = [-this.x / this.scale, -this.y / this.scale,
      (width - this.x) / this.scale, (height - this.y) / this.scale];
    for (const edge of this.edges) this.drawEdge(pen, edge, view, c);
    let drawn = 0;
    this.boxes.forEach((box, id) => {
      const out = box.x > view[2] || box.x + box.w < view[0] || box.y > view[3]
        || box.y + box.h < view[1];
      if (out) return;
      drawn++;
      this.drawBox(pen, box, id === this.selected, c);
    });
    this.canvas.dataset.drawn = drawn;
  }

  drawEdge(pen, edge, view, c) {
    const from = this.boxes[edge.from], to = this.boxes[edge.to];
    const x0 = from.x + from.w / 2, y0 = from.y + from.h, x1 = to.x + to.w / 2, y1 = to.y;
    if (Math.max(x0, x1) < view[0] - 400 || Math.min(x0, x1) > view[2] + 400) return;
    if (Math.max(y0, y1) < view[1] || Math.min(y0, y1) > view[3]) return;
    const near = edge.from === this.selected || edge.to === this.selected;
    if (edge.quiet && !near) return;
    pen.strokeStyle = near ? c.accent : c[edge.tone ?? "strong"];
    pen.lineWidth = (near ? 2 : edge.wide ? 1.8 : 1) / Math.max(this.scale, 0.35);
    pen.beginPath();
    pen.moveTo(x0, y0);
    let [px, py] = [x0, y0];
    for (const [x, y] of [...(edge.points ?? []), [x1, y1]]) {
      const bend = Math.max(12, Math.abs(y - py) * 0.45);
      pen.bezierCurveTo(px, py + bend, x, y - bend, x, y);
      [px, py] = [x, y];
    }
    pen.stroke();
  }

  drawBox(pen, box, isSelected, c) {
    const tone = box.tone ?? "plain";
    const fills = { plain: c.surface, added: c["good-soft"], removed: c["bad-soft"], leaf: c.soft,
      chosen: c.soft, found: c.soft };
    const rims = { plain: c.strong, added: c.good, removed: c.bad, leaf: c.line, chosen: c.accent,
      found: c.warn };
    pen.fillStyle = fills[tone];
    pen.strokeStyle = isSelected ? c.accent : rims[tone];
    pen.lineWidth = (isSelected ? 3 : tone === "plain" || tone === "leaf" ? 1 : 1.6)
      / Math.max(this.scale, 0.35);
    pen.beginPath();
    pen.roundRect(box.x, box.y, box.w, box.h, 5);
    pen.fill();
    pen.stroke();
    if (this.scale < 0.3) return;
    pen.save();
    pen.beginPath();
    pen.rect(box.x + 4, box.y, box.w - 8, box.h);
    pen.clip();
    pen.textBaseline = "middle";
    pen.font = "600 12.5px system-ui, sans-serif";
    pen.fillStyle = c.ink;
    pen.fillText(box.title, box.x + 9, box.y + 14);
    if (box.count) this.drawCount(pen, box, c);
    (box.lines ?? []).forEach((line, i) => {
      const text = line.text ?? line;
      pen.font = line.strong ? "600 11px system-ui, sans-serif" : "11px system-ui, sans-serif";
      pen.fillStyle = line.strong ? c.accent : c.quiet;
      pen.fillText(text, box.x + 9, box.y + 31 + 15 * i);
    });
    pen.restore();
  }

  drawCount(pen, box, c) {
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = c.quiet;
    const wide = pen.measureText(box.count).width;
    pen.fillStyle = theme.colours.surface;
    pen.fillRect(box.x + box.w - wide - 14, box.y + 5, wide + 6, 17);
    pen.fillStyle = c.quiet;
    pen.fillText(box.count, box.x + box.w - wide - 10, box.y + 14);
  }
}
