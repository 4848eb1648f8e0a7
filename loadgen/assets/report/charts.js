// Draws the charts of the page anew, so that they can be pointed at and zoomed. The pictures that
// the page came with stay where this fails, and on paper.
(() => {
  "use strict";
  const source = document.getElementById("chart-data");
  if (!source || typeof uPlot !== "function") return;
  const data = JSON.parse(source.textContent);
  const FULL = [data.seconds[0] ?? 0, data.seconds[data.seconds.length - 1] ?? 1];
  const FONT = '12px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';

  // Colours of the style in force, as the canvas wants them.
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const colour = (name, opacity = 1) => {
    probe.style.color = `var(--${name})`;
    const found = getComputedStyle(probe).color;
    return opacity === 1 ? found : found.replace("rgb(", "rgba(").replace(")", `, ${opacity})`);
  };
  const hue = (line) => {
    const name = line.class.split(" ")[0];
    return name === "plan" ? "soft" : name;
  };
  const dash = (line) => line.class.includes("dashed") ? [6, 4] : line.class.includes("dotted") ? [2, 4] : undefined;

  // Numbers for people.
  const number = (value) => {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1000) return Math.round(value).toLocaleString("en-US");
    return String(Number(value.toPrecision(3)));
  };
  const tick = (value) => {
    const size = Math.abs(value);
    if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
    if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
    return size >= 1000 ? value.toLocaleString("en-US") : String(Number(value.toPrecision(3)));
  };
  const share = (nines) => `${Number((100 - 100 * 10 ** -nines).toFixed(Math.max(1, Math.ceil(nines - 1e-6))))}%`;
  const unit = (chart) => chart.unit.startsWith("ms") ? " ms" : chart.unit.startsWith("percent") ? "%" : "";

  // 1, 2 and 5 times powers of ten that enclose a range.
  const ladder = (low, high) => {
    const steps = [];
    for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)) + 1; power += 1) {
      for (const step of [1, 2, 5]) steps.push(Number(`${step}e${power}`));
    }
    return steps;
  };
  const logRange = (low, high) => {
    if (!(low > 0)) return [1, 10];
    const steps = ladder(low, high);
    const from = steps.filter((step) => step <= low * 1.0001).pop();
    const to = steps.find((step) => step >= high * 0.9999);
    return from === to ? [from, steps.find((step) => step > to)] : [from, to];
  };
  const logTicks = (low, high) => {
    const inside = ladder(low, high).filter((step) => step >= low * 0.9999 && step <= high * 1.0001);
    return Math.log10(high / low) < 2.2 ? inside : inside.filter((step) => String(step).replace(/[0.]|e.*/g, "") === "1");
  };
  const NINES = [0.30103, 1, 2, 3, 4, 5];
  const MORE_NINES = [0.045757, 0.124939, 0.30103, 0.60206, 1, 1.30103, 1.60206, 2, 2.30103, 3, 3.30103, 4, 4.30103, 5];
  const ninesTicks = (low, high) => {
    const inside = (all) => all.filter((one) => one >= low - 1e-6 && one <= high + 1e-6);
    return inside(NINES).length < 3 ? inside(MORE_NINES) : inside(NINES);
  };

  // All charts over time show the same stretch.
  const drawn = new Map();
  let stretch = null;
  const wanted = () => stretch ?? FULL;
  const same = (a, b) => Math.abs(a[0] - b[0]) < 1e-6 && Math.abs(a[1] - b[1]) < 1e-6;
  const zoom = (range) => {
    const whole = range[0] <= FULL[0] + 1e-6 && range[1] >= FULL[1] - 1e-6;
    stretch = whole ? null : range;
    for (const button of document.querySelectorAll(".whole")) button.hidden = whole;
    for (const [, one] of drawn) {
      if (one.chart.over !== "seconds") continue;
      const { min, max } = one.plot.scales.x;
      if (!same([min, max], wanted())) one.plot.setScale("x", { min: wanted()[0], max: wanted()[1] });
    }
  };

  const places = (chart) => chart.over === "log" ? chart.x.map(Math.log10) : chart.x ?? data.seconds;

  // How a place on the horizontal axis is read.
  const where = (chart, index) => {
    if (chart.over === "nines") return `${share(chart.x[index])} within`;
    if (chart.over === "log") {
      const next = chart.x[index + 1];
      return next === undefined ? "" : `${number(chart.x[index])} to ${number(next)} ms`;
    }
    const at = data.seconds[index];
    return data.step > 1 ? `${at} to ${at + data.step - 1} s` : `${at} s`;
  };

  // Series of a chart with what the legend reads: a stack is drawn from its top.
  const series = (chart) => {
    const rows = [places(chart)];
    const all = [{ label: "", value: (u, x, at, index) => index === null ? "" : where(chart, index) }];
    const bands = [];
    const legend = (line) => (u, y, at, index) => {
      const value = index === null || index === undefined ? null : line.own[index];
      return value === null || value === undefined ? "" : number(value) + unit(chart);
    };
    const stacked = chart.shape === "stack";
    const lines = chart.lines.map((line) => ({
      ...line,
      own: stacked ? line.range[1].map((top, index) => top === null ? null : top - line.range[0][index]) : line.y,
    }));
    if (stacked) lines.reverse();
    for (const line of lines) {
      const lonely = line.y.filter((value) => value !== null).length < 3;
      rows.push(line.y);
      all.push({
        label: line.label,
        value: legend(line),
        hue: hue(line),
        scale: "y",
        stroke: stacked ? colour("card") : colour(hue(line), hue(line) === "soft" ? 0.75 : 1),
        width: stacked ? 0.5 : line.class.startsWith("plan") ? 1 : 1.75,
        dash: dash(line),
        fill: stacked ? colour(hue(line)) : chart.shape === "steps" ? colour(hue(line), 0.22) : undefined,
        paths: chart.shape === "steps" ? uPlot.paths.stepped({ align: 1 }) : undefined,
        spanGaps: chart.over !== "seconds",
        points: { show: lonely, size: 5, fill: colour(hue(line)) },
      });
      if (line.range && !stacked) {
        const edge = { label: "", class: "of-range", scale: "y", stroke: "transparent", width: 0, points: { show: false } };
        rows.push(line.range[1], line.range[0]);
        all.push({ ...edge }, { ...edge });
        bands.push({ series: [all.length - 2, all.length - 1], fill: colour(hue(line), 0.15) });
      }
    }
    return { rows, all, bands };
  };

  // A range with the limits of the chart in it.
  const reach = (chart, low, high) => {
    const limits = (chart.limits ?? []).map(([at]) => at);
    return [Math.min(low, ...limits), Math.max(high, ...limits)];
  };

  const options = (chart, width, height) => {
    const { rows, all, bands } = series(chart);
    const axis = {
      font: FONT,
      stroke: colour("soft"),
      grid: { stroke: colour("rule"), width: 1 },
      ticks: { show: false },
    };
    const across = chart.over === "seconds" ? wanted() : null;
    const tickAcross = {
      seconds: {},
      nines: { splits: (u, at, low, high) => ninesTicks(low, high), values: (u, all) => all.map(share) },
      log: {
        splits: (u, at, low, high) => logTicks(10 ** low, 10 ** high).map(Math.log10),
        values: (u, all) => all.map((one) => tick(Number((10 ** one).toPrecision(3)))),
      },
    }[chart.over];
    return [{
      width,
      height,
      series: all,
      bands,
      legend: { markers: {
        width: 2,
        dash: (u, at) => ({ 6: "dashed", 2: "dotted" })[all[at].dash?.[0]] ?? "solid",
        stroke: (u, at) => all[at].hue ? colour(all[at].hue) : "transparent",
        fill: (u, at) => chart.shape === "stack" && all[at].hue ? colour(all[at].hue) : "transparent",
      } },
      scales: {
        x: {
          time: false,
          ...(across ? { min: across[0], max: across[1] } : {}),
          range: (u, low, high) => chart.over === "nines" && low === rows[0][0] ? [0, high] : low === high ? [low - 1, high + 1] : [low, high],
        },
        y: chart.log
          ? { distr: 3, range: (u, low, high) => logRange(...reach(chart, low, high)) }
          : { range: (u, low, high) => [0, uPlot.rangeNum(0, Math.max(reach(chart, 0, high ?? 0)[1], chart.top ?? 0) || 1, 0.05, true)[1]] },
      },
      axes: [
        { ...axis, label: chart.x_label, labelSize: 16, labelGap: 0, labelFont: FONT, size: 28, gap: 6, grid: { show: false }, ticks: { show: true, size: 4, stroke: colour("rule"), width: 1 }, ...tickAcross },
        {
          ...axis,
          gap: 6,
          size: (u, values) => values ? 14 + 7 * Math.max(...values.map((value) => String(value ?? "").length)) : 40,
          values: (u, all) => all.map((value) => value === null ? "" : tick(value)),
          ...(chart.log ? { splits: (u, at, low, high) => logTicks(low, high), filter: (u, all) => all } : {}),
        },
      ],
      cursor: {
        y: false,
        points: { size: 7 },
        drag: { x: true, y: false, setScale: true },
        sync: chart.over === "seconds"
          ? { key: "seconds", setSeries: false, filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } }
          : undefined,
      },
    }, rows];
  };

  // The first seconds are the warm-up: a shade behind them.
  const shade = (u) => {
    const edge = u.valToPos(0, "x", true);
    const width = Math.min(edge, u.bbox.left + u.bbox.width) - u.bbox.left;
    if (width <= 0) return;
    u.ctx.save();
    u.ctx.fillStyle = colour("track");
    u.ctx.fillRect(u.bbox.left, u.bbox.top, width, u.bbox.height);
    if (width > 64 * devicePixelRatio) {
      u.ctx.fillStyle = colour("soft");
      u.ctx.font = FONT.replace("12px", `${11 * devicePixelRatio}px`);
      u.ctx.textAlign = "left";
      u.ctx.textBaseline = "top";
      u.ctx.fillText("warm-up", u.bbox.left + 6 * devicePixelRatio, u.bbox.top + 5 * devicePixelRatio);
    }
    u.ctx.restore();
  };

  // The faults that were in force: a shade each, and its name where there are few.
  const faults = (u) => {
    const marks = data.marks ?? [];
    // Where the last name of each row ends: a name that would cross one goes into a row below it.
    const ends = [];
    for (const [from, to, text] of marks) {
      const left = Math.max(u.valToPos(from, "x", true), u.bbox.left);
      const right = Math.min(u.valToPos(to, "x", true), u.bbox.left + u.bbox.width);
      if (right < left) continue;
      u.ctx.save();
      u.ctx.fillStyle = colour("warn", 0.18);
      u.ctx.fillRect(left, u.bbox.top, Math.max(right - left, devicePixelRatio), u.bbox.height);
      if (marks.length <= 4) {
        u.ctx.fillStyle = colour("soft");
        u.ctx.font = FONT.replace("12px", `${11 * devicePixelRatio}px`);
        u.ctx.textAlign = "left";
        u.ctx.textBaseline = "top";
        const pad = 3 * devicePixelRatio, wide = u.ctx.measureText(text).width;
        // One that begins near the right end stands before it.
        const at = Math.max(u.bbox.left, Math.min(left + pad, u.bbox.left + u.bbox.width - wide - pad));
        const free = ends.findIndex((end) => at > end), row = free < 0 ? ends.length : free;
        ends[row] = at + wide + pad;
        u.ctx.fillText(text, at, u.bbox.top + pad + 14 * row * devicePixelRatio);
      }
      u.ctx.restore();
    }
  };

  // What a threshold allows: a dashed line with its text.
  const limits = (chart) => (u) => {
    for (const [at, text] of chart.limits ?? []) {
      const y = u.valToPos(at, "y", true);
      u.ctx.save();
      u.ctx.strokeStyle = u.ctx.fillStyle = colour("bad");
      u.ctx.lineWidth = devicePixelRatio;
      u.ctx.setLineDash([8 * devicePixelRatio, 4 * devicePixelRatio]);
      u.ctx.beginPath();
      u.ctx.moveTo(u.bbox.left, y);
      u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
      u.ctx.stroke();
      u.ctx.font = FONT.replace("12px", `${11 * devicePixelRatio}px`);
      u.ctx.textAlign = "right";
      const below = y < u.bbox.top + 16 * devicePixelRatio;
      u.ctx.textBaseline = below ? "top" : "bottom";
      u.ctx.fillText(text, u.bbox.left + u.bbox.width, y + (below ? 4 : -2) * devicePixelRatio);
      u.ctx.restore();
    }
  };

  const draw = (figure, chart) => {
    const old = drawn.get(figure);
    const picture = figure.querySelector(".plot");
    const box = old?.box ?? document.createElement("div");
    if (!old) {
      box.className = "live";
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", `${figure.querySelector("h3").textContent}. Arrow keys read it, plus and minus zoom, 0 shows all.`);
      figure.append(box);
    }
    old?.plot.destroy();
    box.replaceChildren();
    box.classList.toggle("stacked", chart.shape === "stack");
    const name = document.createElement("p");
    name.className = "unit";
    name.textContent = chart.unit;
    const said = document.createElement("p");
    said.className = "said";
    said.setAttribute("aria-live", "polite");
    box.append(name, said);
    const inner = figure.clientWidth - parseFloat(getComputedStyle(figure).paddingLeft) - parseFloat(getComputedStyle(figure).paddingRight);
    const height = Math.max(190, Math.min(250, Math.round((inner * 240) / 520)));
    const [settings, rows] = options(chart, inner, height);
    let ready = false;
    settings.hooks = {
      drawClear: chart.over === "seconds" ? [shade, faults] : [],
      draw: chart.limits ? [limits(chart)] : [],
      setScale: [(u, key) => {
        if (!ready || key !== "x" || chart.over !== "seconds") return;
        const range = [u.scales.x.min, u.scales.x.max];
        if (!same(range, wanted())) zoom(range);
      }],
    };
    const plot = new uPlot(settings, rows, box);
    queueMicrotask(() => { ready = true; });
    drawn.set(figure, { plot, chart, box, said, height, inner });
    figure.classList.add("is-live");
    if (!old) keys(figure, box);
    return picture;
  };

  // The keyboard does what the pointer does.
  const keys = (figure, box) => {
    let index = -1;
    box.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const { plot, chart, said } = drawn.get(figure);
      const xs = plot.data[0];
      const { min, max } = plot.scales.x;
      const first = xs.findIndex((x) => x >= min);
      const last = xs.findLastIndex((x) => x <= max);
      const set = (low, high) => plot.setScale("x", { min: low, max: high });
      const step = Math.max(1, Math.round((last - first) / 60));
      const ends = { Home: first, End: last };
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
        index = Math.min(last, Math.max(first, index < 0 ? first : index + (event.key === "ArrowLeft" ? -step : step)));
      } else if (event.key in ends) {
        index = ends[event.key];
      } else if (event.key === "+" || event.key === "-") {
        const middle = index >= first && index <= last ? xs[index] : (min + max) / 2;
        const half = ((max - min) / 2) * (event.key === "+" ? 0.5 : 2);
        set(Math.max(xs[0], middle - half), Math.min(xs[xs.length - 1], middle + half));
      } else if (event.key === "0") {
        set(xs[0], xs[xs.length - 1]);
      } else {
        return;
      }
      event.preventDefault();
      if (index < 0) return;
      // A zoom is in force, in all charts, after the library's own steps of this turn.
      setTimeout(() => plot.setCursor({ left: plot.valToPos(xs[index], "x"), top: 10 }, true, true));
      const read = plot.series.slice(1).filter((one) => one.label).map((one, at) => [one.label, one.value(plot, null, at, index)]);
      said.textContent = [where(chart, index), ...read.filter(([, value]) => value).map((pair) => pair.join(" "))].join(", ");
    });
    box.addEventListener("blur", () => {
      index = -1;
      drawn.get(figure).plot.setCursor({ left: -10, top: -10 }, true, true);
    });
  };

  // A chart is drawn when it comes near the screen.
  const chosen = document.getElementById("spread-of");
  const chartOf = (figure) => figure.dataset.chart === undefined
    ? data.spreads[Number(chosen?.value ?? 0)].charts[Number(figure.dataset.spread)]
    : data.charts[Number(figure.dataset.chart)];
  const attempt = (figure) => {
    try {
      draw(figure, chartOf(figure));
    } catch (error) {
      figure.classList.remove("is-live");
      console.warn("this chart stays a picture:", error);
    }
  };
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      attempt(target);
    }
  }, { rootMargin: "500px" });
  const figures = document.querySelectorAll("figure[data-chart], figure[data-spread]");
  figures.forEach((figure) => near.observe(figure));
  const anew = () => drawn.forEach((one, figure) => attempt(figure));
  document.addEventListener("colours", anew);
  let timer = 0;
  new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(() => drawn.forEach((one, figure) => {
      const style = getComputedStyle(figure);
      const inner = figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      if (inner > 0 && Math.abs(inner - one.inner) > 1) attempt(figure);
    }), 120);
  }).observe(document.body);

  for (const button of document.querySelectorAll(".whole")) {
    button.addEventListener("click", () => {
      const section = button.closest("section");
      zoom(FULL);
      section.querySelector(".live")?.focus({ preventScroll: true });
    });
  }
  for (const hint of document.querySelectorAll(".hint")) hint.hidden = false;
  if (chosen) {
    chosen.closest(".pick").hidden = false;
    chosen.addEventListener("change", () => document.querySelectorAll("figure[data-spread]").forEach(attempt));
  }
})();
