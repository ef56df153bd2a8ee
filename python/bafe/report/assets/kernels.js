// Kernels: predicted against measured time, on a roofline of the machine; their C code.

/** Compute and bandwidth limits of the machine model, in GFLOP/s and GB/s. */
function limitsOf(machine) {
  const peaks = [["f32 multiply-add", machine.fma_gflops_f32],
    ["f64 multiply-add", machine.fma_gflops_f64]];
  if (machine.amx_gflops > 0) peaks.push(["bf16 tiles", machine.amx_gflops]);
  const roads = [["L1", machine.l1_gbs], ["L2", machine.l2_gbs], ["L3", machine.l3_gbs],
    ["memory", machine.memory_gbs]];
  const sound = ([, value]) => value > 0;
  return { peaks: peaks.filter(sound), roads: roads.filter(sound) };
}

function niceTicks(low, high) {
  const ticks = [];
  for (let power = Math.ceil(Math.log10(low)); power <= Math.log10(high) + 1e-9;
    power++) ticks.push(10 ** power);
  return ticks;
}

const powerText = (value) => (value >= 1 ? value.toLocaleString("en")
  : String(Number(value.toPrecision(2))));

function rooflinePicture(kernels, machine) {
  const points = kernels.map((kernel, number) => ({ kernel, number }))
    .filter(({ kernel }) => kernel.flops > 0 && kernel.bytes > 0 && kernel.predicted_ns > 0);
  if (!points.length) return null;
  const { peaks, roads } = limitsOf(machine);
  const rate = (kernel, ns) => kernel.flops / ns;
  const xs = points.map(({ kernel }) => kernel.flops / kernel.bytes);
  const ys = points.flatMap(({ kernel }) => [rate(kernel, kernel.predicted_ns),
    ...(kernel.measured_ns ? [rate(kernel, kernel.measured_ns)] : [])]);
  const top = Math.max(...peaks.map(([, value]) => value), ...ys) * 2.2;
  const low = Math.min(0.5, ...ys) / 2;
  const left = Math.min(0.05, ...xs) / 2, right = Math.max(100, ...xs) * 2;
  const width = Math.max(340, Math.min(1180, document.documentElement.clientWidth - 60));
  const [height, padX, padY] = [400, 54, 44];
  const spanX = (width - padX - 14) / Math.log(right / left);
  const spanY = (height - padY - 14) / Math.log(top / low);
  const x = (value) => padX + spanX * Math.log(value / left);
  const y = (value) => height - padY - spanY * Math.log(value / low);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group",
    "aria-label": "Roofline: GFLOP/s against flops a byte, both logarithmic", class: "roofline" });
  for (const tick of niceTicks(left, right)) {
    picture.append(svg("line", { x1: x(tick), x2: x(tick), y1: y(low), y2: y(top), class: "grid" }),
      svg("text", { x: x(tick), y: height - padY + 17, class: "tick middle" }, powerText(tick)));
  }
  for (const tick of niceTicks(low, top)) {
    picture.append(svg("line", { x1: x(left), x2: x(right), y1: y(tick), y2: y(tick),
      class: "grid" }),
      svg("text", { x: padX - 7, y: y(tick) + 4, class: "tick end" }, powerText(tick)));
  }
  picture.append(
    svg("text", { x: (padX + width) / 2, y: height - 6, class: "axis middle" }, "flops a byte"),
    svg("text", { x: 14, y: height / 2 - 16, class: "axis middle",
      transform: `rotate(-90 14 ${height / 2 - 16})` }, "GFLOP/s"));
  const highest = Math.max(...peaks.map(([, value]) => value));
  peaks.forEach(([name, value], i) => {
    const from = value / Math.max(...roads.map(([, gbs]) => gbs));
    picture.append(
      svg("line", { x1: x(Math.max(left, from)), x2: x(right), y1: y(value), y2: y(value),
        class: "roof" }),
      svg("text", { x: x(right) - 4, y: y(value) + (i % 2 ? 13 : -5), class: "rooftext end" },
        `${name}, ${amount(value * 1e9, "FLOP/s")}`));
  });
  roads.forEach(([name, gbs]) => {
    const end = Math.min(right, highest / gbs);
    if (end <= left) return;
    const begin = Math.max(left, low / gbs);
    const at = begin * 1.25;
    const slope = (Math.atan2(y(end * gbs) - y(begin * gbs), x(end) - x(begin)) * 180) / Math.PI;
    picture.append(
      svg("line", { x1: x(begin), x2: x(end), y1: y(begin * gbs), y2: y(end * gbs),
        class: "roof" }),
      svg("text", { x: x(at), y: y(at * gbs) - 5, class: "rooftext",
        transform: `rotate(${slope} ${x(at)} ${y(at * gbs) - 5})` },
          `${name} ${digits(gbs)} GB/s`));
  });
  for (const { kernel, number } of points) picture.append(kernelPoint(kernel, number, x, y, rate));
  picture.append(...kernelLabels(points, x, y, rate));
  return picture;
}

/** Numbers beside the points; those of points that lie on each other are joined. */
function kernelLabels(points, x, y, rate) {
  const places = [];
  for (const { kernel, number } of points) {
    const at = x(kernel.flops / kernel.bytes);
    const top = y(rate(kernel, Math.min(kernel.predicted_ns, kernel.measured_ns ?? Infinity)));
    const near = places.find((one) => Math.abs(one.at - at) < 16 && Math.abs(one.top - top) < 14);
    if (near) near.numbers.push(number + 1);
    else places.push({ at, top, numbers: [number + 1] });
  }
  return places.map(({ at, top, numbers }) => {
    const many = numbers.length > 4 ? [...numbers.slice(0, 3), "…"] : numbers;
    return svg("text", { x: at + 10, y: top - 6, class: "label" }, many.join(", "));
  });
}

function kernelPoint(kernel, number, x, y, rate) {
  const at = x(kernel.flops / kernel.bytes);
  const told = `Kernel ${number + 1}, ${kernel.label}: predicted ${time(kernel.predicted_ns)}`
    + (kernel.measured_ns ? `, measured ${time(kernel.measured_ns)}` : ", not measured");
  const point = svg("g", { tabindex: "0", role: "img", "aria-label": told, class: "point" });
  point.append(svg("title", {}, told));
  const predicted = y(rate(kernel, kernel.predicted_ns));
  if (kernel.measured_ns) {
    const measured = y(rate(kernel, kernel.measured_ns));
    point.append(svg("line", { x1: at, x2: at, y1: predicted, y2: measured, class: "join" }),
      svg("circle", { cx: at, cy: measured, r: 6, class: "measured" }));
  }
  point.append(svg("circle", { cx: at, cy: predicted, r: 5, class: "predicted" }));
  return point;
}

function kernelRows(kernels) {
  return kernels.map((kernel, i) => {
    const best = kernel.measured_ns ?? kernel.predicted_ns;
    return [
      String(i + 1), el("span", { class: "wrap" }, short(kernel.label, 90)),
        time(kernel.predicted_ns),
      kernel.measured_ns ? time(kernel.measured_ns) : "–",
      kernel.measured_ns && kernel.predicted_ns > 0
        ? `${digits(kernel.measured_ns / kernel.predicted_ns)}×` : "–",
      best > 0 && kernel.flops > 0 ? digits(kernel.flops / best) : "–",
      best > 0 && kernel.bytes > 0 ? digits(kernel.bytes / best) : "–",
      kernel.flops > 0 ? amount(kernel.flops, "") : "–", kernel.bytes > 0 ? bytes(kernel.bytes)
        : "–",
    ];
  });
}

function kernelsSection(part) {
  const body = section("kernels", "Kernels", null);
  const wasMeasured = part.kernels.some((kernel) => kernel.measured_ns);
  body.append(el("p", { class: "about" }, wasMeasured
    ? `Measured: ${part.process ? "the median of the calls that were recorded"
      : "the median of 21 runs on one thread, on copies of the arguments"}. `
      + "Predicted: what the search ranked by."
    : "Predicted by the cost model; not measured"
      + (part.not_measured ? ` (${part.not_measured}).` : ".")));
  if (!part.kernels.length) {
    body.append(el("p", { class: "empty" },
      "No kernel runs: the results are arguments or constants."));
    return body;
  }
  const picture = rooflinePicture(part.kernels, part.machine);
  if (picture) {
    body.append(el("figure", {}, picture, el("figcaption", { class: "legend" },
      el("span", { class: "key hollow" }), "predicted ",
      wasMeasured ? [el("span", { class: "key full" }), "measured "] : [],
      el("span", { class: "quiet" },
        `limits of ${part.machine.id}, ${plural(part.machine.threads, "thread")}`))));
  } else {
    body.append(el("p", { class: "empty" }, "No kernel computes anything: all only move bytes, "
      + "which has no place on a roofline."));
  }
  const number = (text) => [text, "number"];
  body.append(table("Kernels in order", [number("#"), "Kernel", number("Predicted"),
    number("Measured"), number("Ratio"), number("GFLOP/s"), number("GB/s"), number("Flops"),
    number("Bytes")], kernelRows(part.kernels)));
  body.append(codeParts(part), candidatesTable(part));
  return body;
}

function codeParts(part) {
  const shown = part.kernels.map((kernel, i) => [kernel, i]).filter(([kernel]) => kernel.code);
  const box = el("div", { class: "codes" });
  if (!shown.length) {
    box.append(el("p", { class: "quiet" }, "No C code: nothing was compiled for these arguments."));
    return box;
  }
  box.append(el("h3", {}, "C code"));
  const block = (title, text) => el("details", { class: "code" }, el("summary", {}, title),
    el("pre", { tabindex: "0", "aria-label": title }, el("code", {}, text)));
  for (const [kernel, i] of shown) box.append(block(`${i + 1}: ${short(kernel.label, 80)}`,
    kernel.code));
  if (part.c_text) {
    box.append(block(`The whole file, ${plural(part.c_text.split("\n").length, "line")}`,
      part.c_text));
  }
  return box;
}

function candidatesTable(part) {
  const best = part.candidates[0]?.predicted_ns ?? 0;
  const rows = part.candidates.map((one, i) => [String(i + 1), time(one.predicted_ns),
    best > 0 ? `${(one.predicted_ns / best).toFixed(2)}×` : "–",
      plural(one.kernels.length, "kernel"),
    el("code", { class: "wrap" }, short(one.program, 220))]);
  return el("details", {}, el("summary", {}, `Best ${plural(part.candidates.length, "candidate")}`),
    table("Best candidates", [["#", "number"], ["Predicted", "number"], ["To the best", "number"],
      "Kernels", "Program"], rows));
}
