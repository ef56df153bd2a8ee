// Small tools: elements, numbers as people read them, colours of the theme.

const data = JSON.parse(document.getElementById("data").textContent);

/** el("p", {class: "quiet", onclick: f}, "text", child): texts are never read as HTML. */
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}

function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, String(value));
  }
  node.append(...children);
  return node;
}

function digits(value) {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(3)).toString();
}

function time(ns) {
  if (ns === null || ns === undefined) return "–";
  for (const [limit, unit, divisor] of [[1e3, "ns", 1], [1e6, "µs", 1e3], [1e9, "ms", 1e6]]) {
    if (Math.abs(ns) < limit) return `${digits(ns / divisor)} ${unit}`;
  }
  return `${digits(ns / 1e9)} s`;
}

function amount(value, unit) {
  if (value === null || value === undefined) return "–";
  for (const [limit, name] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= limit) return `${digits(value / limit)} ${name}${unit}`;
  }
  return `${digits(value)} ${unit}`;
}

const bytes = (count) => amount(count, "B");

function plural(count, noun, many = `${noun}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? noun : many}`;
}

function short(text, most) {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** A section with its heading; parts of the page fill its body. */
function section(id, title, about) {
  const heading = el("h2", { id: `${id}-title` }, title);
  const body = el("section", { id, class: "part", "aria-labelledby": `${id}-title` }, heading);
  if (about) body.append(el("p", { class: "about" }, about));
  return body;
}

function table(caption, heads, rows) {
  const head = heads.map((one) => {
    const [text, kind] = Array.isArray(one) ? one : [one, ""];
    return el("th", { scope: "col", class: kind }, text);
  });
  const body = rows.map((row) => el("tr", {}, row.map((cell, i) => {
    const kind = Array.isArray(heads[i]) ? heads[i][1] : "";
    return el("td", { class: kind }, cell instanceof Node ? cell : String(cell ?? "–"));
  })));
  const inner = el("table", {}, el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, head)), el("tbody", {}, body));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    inner);
}

function badge(text, tone) {
  return el("span", { class: `badge ${tone}` }, text);
}

function choice(label, options, onchange) {
  const select = el("select", { onchange: () => onchange(select.value) },
    options.map(([value, text]) => el("option", { value }, text)));
  return el("label", { class: "choice" }, label, select);
}

/** Colours of the theme in force, for what is drawn on a canvas. */
const theme = {
  colours: {},
  listeners: new Set(),
  read() {
    const style = getComputedStyle(document.documentElement);
    const names = ["surface", "ink", "quiet", "line", "strong", "accent", "soft", "good",
      "good-soft", "warn", "bad", "bad-soft", "c1", "c2", "c3", "c4", "c5", "c6"];
    for (const name of names) this.colours[name] = style.getPropertyValue(`--${name}`).trim();
  },
  changed() {
    this.read();
    for (const one of this.listeners) one();
  },
  kept() {
    try { return localStorage.getItem("bafe-theme"); } catch { return null; }
  },
  keep(name) {
    try { localStorage.setItem("bafe-theme", name); } catch { /* a page without storage */ }
  },
  isDark() {
    const set = document.documentElement.dataset.theme;
    return set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },
  start(button) {
    const kept = this.kept();
    if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
    const label = () => {
      button.textContent = this.isDark() ? "Light" : "Dark";
      button.setAttribute("aria-label", `Use the ${this.isDark() ? "light" : "dark"} theme`);
    };
    button.addEventListener("click", () => {
      const next = this.isDark() ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      this.keep(next);
      label();
      this.changed();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      label();
      this.changed();
    });
    label();
    this.read();
  },
};

/** However often it is asked for, a picture is drawn once a frame. */
function drawSoon(picture) {
  if (picture.waits) return;
  picture.waits = true;
  requestAnimationFrame(() => {
    picture.waits = false;
    picture.draw();
  });
}
