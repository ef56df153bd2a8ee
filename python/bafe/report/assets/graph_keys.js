// Pointer and keys of a GraphView.

Object.assign(GraphView.prototype, {
  listen() {
    const canvas = this.canvas;
    let from = null;
    canvas.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX, y: event.clientY, left: this.x, top: this.y, moved: false };
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const dx = event.clientX - from.x, dy = event.clientY - from.y;
      if (Math.abs(dx) + Math.abs(dy) > 4 && !from.moved) {
        from.moved = true;
        canvas.setPointerCapture(event.pointerId);
      }
      if (!from.moved) return;
      this.follows = false;
      this.x = from.left + dx;
      this.y = from.top + dy;
      this.redraw();
    });
    const end = (event) => {
      if (from && !from.moved && event.type === "pointerup") this.clicked(event);
      from = null;
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;  // a plain wheel scrolls the page
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("dblclick", (event) => {
      const id = this.at(event.offsetX, event.offsetY);
      if (id >= 0) this.options.ontoggle?.(id);
    });
    canvas.addEventListener("keydown", (event) => this.pressed(event));
    canvas.addEventListener("focus", () => {
      const isByKey = canvas.matches(":focus-visible");
      if (!isByKey || this.selected >= 0 || !this.boxes.length) return;
      this.select(this.options.first?.() ?? 0);
    });
  },

  clicked(event) {
    const id = this.at(event.offsetX, event.offsetY);
    if (id >= 0) this.select(id);
  },

  at(x, y) {
    const px = (x - this.x) / this.scale, py = (y - this.y) / this.scale;
    return this.boxes.findIndex((box) =>
      px >= box.x && px <= box.x + box.w && py >= box.y && py <= box.y + box.h);
  },

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const ways = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const acts = {
      "+": () => this.zoom(1.35), "=": () => this.zoom(1.35), "-": () => this.zoom(1 / 1.35),
      0: () => this.fit(true),
      Home: () => this.select(this.options.first?.() ?? 0),
      Enter: () => this.selected >= 0 && this.options.ontoggle?.(this.selected),
      " ": () => this.selected >= 0 && this.options.ontoggle?.(this.selected),
    };
    if (ways[event.key]) this.step(...ways[event.key]);
    else if (acts[event.key]) acts[event.key]();
    else return;
    event.preventDefault();
  },

  /** The nearest box in a direction; what an edge leads to goes first. */
  step(dx, dy) {
    if (!this.boxes.length) return;
    if (this.selected < 0) return void this.select(this.options.first?.() ?? 0);
    const here = this.boxes[this.selected];
    const joined = new Set();
    for (const edge of this.edges) {
      if (edge.from === this.selected) joined.add(edge.to);
      if (edge.to === this.selected) joined.add(edge.from);
    }
    let best = -1, least = Infinity;
    this.boxes.forEach((box, id) => {
      const x = box.x + box.w / 2 - here.x - here.w / 2;
      const y = box.y + box.h / 2 - here.y - here.h / 2;
      const ahead = dx * x + dy * y;
      if (id === this.selected || ahead < 4) return;
      const aside = Math.abs(dx * y) + Math.abs(dy * x);
      const cost = (ahead + 2.5 * aside) * (dy && joined.has(id) ? 0.3 : 1);
      if (cost < least) [best, least] = [id, cost];
    });
    if (best >= 0) this.select(best);
  },
});
