"use strict";
// The moving charts and the histogram. Colours come from the style, so that they follow the theme.
const SPAN_S = 300;
const figure = (value, digits) => value === null || value === undefined ? "–"
  : value >= 100 ? Math.round(value).toLocaleString("en-GB")
  : value.toFixed(digits ?? (value >= 9.95 ? 0 : 1));
// As a summary stores it: milliseconds, "beyond_timeout", or how few requests there were.
const percentile = (value) => value === "beyond_timeout" ? "∞" : figure(typeof value === "number" ? value : null);
const element = (name, text, className) => {
  const one = document.createElement(name);
  if (text !== undefined) one.textContent = text;
  if (className) one.className = className;
  return one;
};
// A chart knows which lines it may have and what each shows of a point; lines that are named by
// the target (processes, caches) come and go.
const CHARTS = [
  { title: "Rate a second", lines: [["iterations offered", (p) => p.offered], ["requests achieved", (p) => p.achieved]] },
  { title: "Response time, ms", log: true, lines: [["p50", (p) => p.p50_ms], ["p95", (p) => p.p95_ms], ["p99", (p) => p.p99_ms]] },
  { title: "Failures a second", lines: [["failed", (p) => p.failures]] },
  { title: "Connection pool", target: true, lines: [["in use", (p) => p.target?.pool_in_use], ["size", (p) => p.target?.pool_max], ["waiting", (p) => p.target?.pool_waiters]] },
  { title: "CPU, cores", target: true, named: (p) => p.target?.cpu_cores },
  { title: "Cache hits, %", target: true, named: (p) => p.target?.cache_hit_ratio, factor: 100, most: 100 },
];
class Charts {
  constructor(place) {
    this.place = place;
    this.points = [];
    this.shown = [];
    this.marks = [];
    // Each card by itself: its width follows the window, the theme's fonts and its neighbours.
    this.observer = new ResizeObserver((entries) => { for (const entry of entries) this.fit(entry.target); });
    const rebuild = () => { this.forget(); this.draw(); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", rebuild);
  }
  clear() { this.points = []; this.marks = []; this.forget(); }
  forget() {
    this.observer.disconnect();
    for (const one of this.shown) one?.plot.destroy();
    this.shown = [];
    this.place.replaceChildren();
  }
  // A moment at which the load was changed, or at which a fault began or was over.
  mark(at, text) {
    this.marks.push({ at: at / 1000, text });
    while (this.marks.length > 20) this.marks.shift();
  }
  // A point a second; `at` is when the server saw it.
  add(at, tick) {
    // The time of day of the server was set back: what is there lies in a future that may be hours away.
    if (this.points.length && at < this.points.at(-1).at) this.points = [];
    const last = this.points.at(-1);
    if (last && at - last.at < 900) return false;
    const seconds = last ? (at - last.at) / 1000 : 1;
    const same = last && last.tick.arm === tick.arm && last.tick.block === tick.block && tick.failed >= last.tick.failed;
    // Of the first point nothing is known: its count is since the trial began, minutes ago perhaps.
    const failures = !last ? null : same ? (tick.failed - last.tick.failed) / seconds : tick.failed;
    this.points.push({ at, tick, values: { ...tick, failures } });
    while (this.points.length && at - this.points[0].at > SPAN_S * 1000) this.points.shift();
    return true;
  }
  lines(chart) {
    if (!chart.named) return chart.lines;
    const names = new Set(this.points.flatMap((p) => Object.keys(chart.named(p.values) ?? {})));
    return [...names].sort().slice(0, 6).map((name) => [name, (p) => {
      const value = chart.named(p)?.[name];
      return value === undefined ? null : value * (chart.factor ?? 1);
    }]);
  }
  // Where nothing was measured, between two trials, a line has a gap.
  data(lines) {
    const times = [], columns = lines.map(() => []);
    let before = null;
    for (const point of this.points) {
      if (before !== null && point.at - before > 3500) {
        times.push((before + 500) / 1000);
        for (const column of columns) column.push(null);
      }
      before = point.at;
      times.push(point.at / 1000);
      lines.forEach(([, pick], index) => columns[index].push(pick(point.values) ?? null));
    }
    return [times, ...columns];
  }
  draw() {
    if (!this.points.length) return;
    CHARTS.forEach((chart, index) => {
      if (chart.target && !this.points.some((p) => p.tick.target)) return;
      const lines = this.lines(chart);
      if (!lines.length) return;
      const names = lines.map(([name]) => name).join();
      let one = this.shown[index];
      if (one?.names !== names) {
        one?.plot.destroy();
        one = this.build(chart, lines, names, one?.box);
        this.shown[index] = one;
      }
      const data = this.data(lines);
      if (chart.log) data.slice(1).forEach((column) => column.forEach((v, i) => { if (v !== null && v <= 0) column[i] = null; }));
      one.plot.setData(data);
      const newest = lines.map(([name], at) => `${name} ${figure(data[at + 1].at(-1))}`);
      lines.forEach((_, at) => { one.words[at].textContent = newest[at]; });
      one.box.setAttribute("aria-label", `${chart.title}: ${newest.join(", ")}`);
    });
  }
  build(chart, lines, names, old) {
    const box = old ?? this.place.appendChild(element("figure", undefined, "card chart"));
    box.setAttribute("role", "img");
    const legend = element("div", undefined, "legend");
    const words = lines.map((_, at) => {
      const entry = legend.appendChild(element("span"));
      entry.append(element("span", undefined, `swatch s${at + 1}`));
      return entry.appendChild(element("span"));
    });
    const canvas = element("div");
    box.replaceChildren(element("h3", chart.title), legend, canvas);
    if (!old) this.observer.observe(box);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const clock = (u, splits) => splits.map((s) => new Date(s * 1000).toLocaleTimeString("en-GB"));
    const range = (u, low, high) => {
      if (chart.log) return low === null ? [1, 100] : uPlot.rangeLog(low, high, 10, true);
      const top = chart.most ?? Math.max(high ?? 0, chart.named ? 0.1 : 1) * 1.08;
      return [0, top];
    };
    const plot = new uPlot({
      width: this.width(box), height: 168, padding: [10, 22, 0, 0],
      // The words stand in the first chart alone: lines cross them.
      hooks: { draw: [(u) => this.drawMarks(u, colour("--warn"), chart === CHARTS[0])] },
      cursor: { show: false }, legend: { show: false }, select: { show: false },
      scales: { x: { range: (u, low, high) => [Math.max(low, high - SPAN_S), Math.max(high, low + 20)] }, y: { range, distr: chart.log ? 3 : 1 } },
      axes: [{ ...axis, values: clock, space: 70, size: 26 }, { ...axis, size: 46, space: 34, values: (u, splits) => splits.map((v) => v === null ? "" : v >= 10000 ? `${v / 1000}k` : `${+v.toPrecision(3)}`) }],
      series: [{}, ...lines.map(([label], at) => ({ label, stroke: colour(`--c${at + 1}`), width: 1.6, points: { show: false } }))],
    }, [[], ...lines.map(() => [])], canvas);
    return { names, box, plot, words };
  }
  width(box) { return Math.max(box.clientWidth - 34, 120); }
  fit(box) {
    const one = this.shown.find((shown) => shown?.box === box), width = this.width(box);
    if (one && box.clientWidth && one.plot.width !== width) one.plot.setSize({ width, height: 168 });
  }
  drawMarks(u, colour, words) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    // Where the last word of each row ends: words that would cross one go into a row below it.
    const ends = [], pad = 4 * devicePixelRatio;
    for (const { at, text } of this.marks) {
      const x = u.valToPos(at, "x", true);
      if (!(x >= bbox.left && x <= bbox.left + bbox.width)) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (!words) continue;
      const right = x > bbox.left + bbox.width / 2, wide = ctx.measureText(text).width;
      const from = right ? x - pad - wide : x + pad;
      const free = ends.findIndex((end) => from > end), row = free < 0 ? ends.length : free;
      // The log has the words for which there is no room.
      if (row >= 6) continue;
      ends[row] = from + wide + pad;
      ctx.textAlign = "left";
      ctx.fillText(text, from, bbox.top + (12 + 14 * row) * devicePixelRatio);
    }
    ctx.restore();
  }
}
// Bars of equal width: the times between them grow by a factor.
const drawHistogram = (place, bars) => {
  place.bars = bars;
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const width = Math.max(place.clientWidth, 200), height = 320, floor = height - 22;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const most = Math.max(1, ...bars.map((bar) => bar.count));
  const step = width / Math.max(bars.length, 8);
  const add = (name, attributes, text) => {
    const one = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    if (text) one.textContent = text;
    return svg.appendChild(one);
  };
  const every = Math.ceil(46 / step);
  bars.forEach((bar, at) => {
    const tall = bar.count ? Math.max(bar.count / most * (floor - 8), 1) : 0;
    const drawn = add("rect", { x: at * step + 1, y: floor - tall, width: Math.max(step - 2, 1), height: tall, rx: 2 });
    const title = document.createElementNS(space, "title");
    title.textContent = `${figure(bar.from_ms)} to ${figure(bar.to_ms)} ms: ${bar.count}`;
    drawn.append(title);
    if (at % every === 0 && at * step > 12 && at * step < width - 44) add("text", { x: at * step, y: height - 6 }, figure(bar.from_ms));
  });
  add("text", { x: width - 12, y: height - 6 }, "ms");
  place.replaceChildren(svg);
};
// The same bars again where its card has another width.
const followWidth = (place) => new ResizeObserver(() => { if (place.bars && place.clientWidth) drawHistogram(place, place.bars); }).observe(place);
// A line of a few points, without axes: the shape of a run.
const sparkline = (values) => {
  const space = "http://www.w3.org/2000/svg", width = 96, height = 22;
  const known = values.filter((value) => value !== null);
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("class", "spark");
  svg.setAttribute("aria-hidden", "true");
  if (known.length < 2) return svg;
  const low = Math.min(...known), high = Math.max(...known), step = width / (values.length - 1);
  const y = (value) => high > low ? height - 2 - (value - low) / (high - low) * (height - 4) : height / 2;
  let path = "", pen = "M";
  values.forEach((value, at) => {
    if (value === null) { pen = "M"; return; }
    path += `${pen}${(at * step).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
  });
  const line = svg.appendChild(document.createElementNS(space, "path"));
  line.setAttribute("d", path);
  return svg;
};
