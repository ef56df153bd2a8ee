// Layered layout of a directed graph: operands above users. Linear in nodes and edges but for the
// sorting of each layer.

/** Layers by the longest way from a leaf; leaves move down to just above their first user. */
function layersOf(count, operands) {
  const layer = new Int32Array(count).fill(-1);
  const open = new Uint8Array(count);
  for (let start = 0; start < count; start++) {
    const stack = [start];
    while (stack.length) {
      const node = stack[stack.length - 1];
      if (layer[node] >= 0) { stack.pop(); continue; }
      if (!open[node]) {
        open[node] = 1;
        for (const below of operands[node]) if (layer[below] < 0 && !open[below]) stack.push(below);
        continue;
      }
      let most = -1;
      for (const below of operands[node]) most = Math.max(most, layer[below]);
      layer[node] = most + 1;
      stack.pop();
    }
  }
  const first = new Int32Array(count).fill(1 << 30);
  for (let node = 0; node < count; node++) {
    for (const below of operands[node]) first[below] = Math.min(first[below], layer[node]);
  }
  for (let node = 0; node < count; node++) {
    if (operands[node].length === 0 && first[node] < 1 << 30) layer[node] = first[node] - 1;
  }
  return layer;
}

/** Ways through the layers between the ends of an edge get points of their own. */
function withBends(count, operands, layer, widths, mostBends) {
  const rows = [], above = [], width = [], bends = [];
  const put = (at, size) => {
    const id = above.length;
    above.push([]);
    width.push(size);
    (rows[at] ??= []).push(id);
    return id;
  };
  for (let node = 0; node < count; node++) put(layer[node], widths[node]);
  let made = 0;
  for (let node = 0; node < count; node++) {
    for (const below of operands[node]) {
      const path = [];
      let last = below;
      if (layer[node] - layer[below] > 1 && made < mostBends) {
        for (let at = layer[below] + 1; at < layer[node]; at++) {
          const bend = put(at, 10);
          above[bend].push(last);
          path.push(bend);
          last = bend;
          made++;
        }
      }
      above[node].push(last);
      bends.push([below, node, path]);
    }
  }
  for (let at = 0; at < rows.length; at++) rows[at] ??= [];
  return { rows, above, width, bends };
}

/** Sorts each row by the mean place of its neighbours, down and up. */
function untangle(rows, above, below, sweeps) {
  const place = new Float64Array(above.length);
  const number = (row) => row.forEach((id, i) => { place[id] = i; });
  rows.forEach(number);
  const sort = (row, near) => {
    const key = new Map();
    for (const id of row) {
      let sum = 0;
      for (const other of near[id]) sum += place[other];
      key.set(id, near[id].length ? sum / near[id].length : place[id]);
    }
    row.sort((a, b) => key.get(a) - key.get(b) || a - b);
    number(row);
  };
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let at = 1; at < rows.length; at++) sort(rows[at], above);
    for (let at = rows.length - 2; at >= 0; at--) sort(rows[at], below);
  }
}

/** Middle places closest to those wanted, in the row's order, without overlap (pooled blocks). */
function settle(row, wanted, width, gap, x) {
  const blocks = [];
  for (const id of row) {
    let block = { ids: [id], size: width[id] + gap, sum: wanted(id) - width[id] / 2, count: 1 };
    while (blocks.length) {
      const last = blocks[blocks.length - 1];
      if (last.sum / last.count + last.size <= block.sum / block.count) break;
      blocks.pop();
      block = {
        ids: last.ids.concat(block.ids),
        size: last.size + block.size,
        sum: last.sum + block.sum - last.size * block.count,
        count: last.count + block.count,
      };
    }
    blocks.push(block);
  }
  for (const block of blocks) {
    let left = block.sum / block.count;
    for (const id of block.ids) {
      x[id] = left + width[id] / 2;
      left += width[id] + gap;
    }
  }
}

/**
 * Places of boxes: {x, y} of middles and tops, and the bends of each edge as [from, to, points].
 * operands[i] lists what box i reads.
 */
function layered(sizes, operands, gapX = 22, gapY = 46) {
  const count = sizes.length;
  const layer = layersOf(count, operands);
  const widths = sizes.map((size) => size.w);
  const graph = withBends(count, operands, layer, widths, 6 * count + 200);
  const { rows, above, width, bends } = graph;
  const below = above.map(() => []);
  above.forEach((list, id) => list.forEach((other) => below[other].push(id)));
  untangle(rows, above, below, count > 1500 ? 3 : 8);
  const x = new Float64Array(above.length);
  for (const row of rows) {
    let left = 0;
    for (const id of row) { x[id] = left + width[id] / 2; left += width[id] + gapX; }
    for (const id of row) x[id] -= left / 2;
  }
  const mean = (near) => (id) => {
    if (!near[id].length) return x[id];
    let sum = 0;
    for (const other of near[id]) sum += x[other];
    return sum / near[id].length;
  };
  for (let pass = 0; pass < (count > 1500 ? 3 : 8); pass++) {
    for (let at = 1; at < rows.length; at++) settle(rows[at], mean(above), width, gapX, x);
    for (let at = rows.length - 2; at >= 0; at--) settle(rows[at], mean(below), width, gapX, x);
  }
  const tops = [];
  let top = 0;
  for (const row of rows) {
    tops.push(top);
    let most = 12;
    for (const id of row) if (id < count) most = Math.max(most, sizes[id].h);
    top += most + gapY;
  }
  const rowOf = new Int32Array(above.length);
  rows.forEach((row, at) => row.forEach((id) => { rowOf[id] = at; }));
  const boxes = sizes.map((size, id) => ({ x: x[id] - size.w / 2, y: tops[rowOf[id]] }));
  const edges = bends.map(([from, to, path]) => ({
    from, to, points: path.map((id) => [x[id], tops[rowOf[id]] + 10]),
  }));
  return { boxes, edges, layer };
}

/** Boxes in rows of about equal length, layer after layer: for graphs too wide for one row each. */
function shelved(sizes, layer, operands, gapX = 16, gapY = 20) {
  const area = sizes.reduce((sum, size) => sum + (size.w + gapX) * (size.h + gapY), 0);
  const widest = Math.max(900, Math.sqrt(area) * 1.5);
  const rows = [];
  sizes.forEach((_, id) => (rows[layer[id]] ??= []).push(id));
  const widths = sizes.map((size) => size.w);
  const x = new Float64Array(sizes.length);
  const boxes = [];
  let top = 0;
  for (const row of rows) {
    if (!row) continue;
    const key = new Map(row.map((id) => {
      const near = operands[id].filter((other) => layer[other] < layer[id]);
      return [id, near.length ? near.reduce((sum, other) => sum + x[other], 0) / near.length : 0];
    }));
    row.sort((a, b) => key.get(a) - key.get(b) || a - b);
    const whole = row.reduce((sum, id) => sum + sizes[id].w + gapX, 0);
    const lines = Math.ceil(whole / widest);
    const each = Math.ceil(row.length / lines);
    for (let begin = 0; begin < row.length; begin += each) {
      const line = row.slice(begin, begin + each);
      let most = 0;
      settle(line, (id) => key.get(id), widths, gapX, x);
      for (const id of line) {
        boxes[id] = { x: x[id] - widths[id] / 2, y: top };
        most = Math.max(most, sizes[id].h);
      }
      top += most + gapY;
    }
    top += 1.4 * gapY;
  }
  return boxes;
}
