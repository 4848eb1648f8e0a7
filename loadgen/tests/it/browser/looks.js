// Questions that the tests ask of a page. Evaluates to an object of functions.
(() => {
  // Any CSS colour as [red, green, blue, alpha], 0 to 255 and 0 to 1.
  const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      brush.clearRect(0, 0, 1, 1);
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
      known.set(colour, [r, g, b, a / 255]);
    }
    return known.get(colour);
  };
  const over = (top, share, below) => below.map((value, at) => top[at] * share + value * (1 - share));
  // WCAG 2.2, relative luminance and contrast ratio.
  const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  // What lies behind an element, from the page's ground upwards.
  const ground = (element) => {
    const line = [];
    for (let one = element; one; one = one.parentElement) line.unshift(one);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches && getComputedStyle(document.documentElement).colorScheme.includes("dark");
    let colour = dark ? [18, 18, 18] : [255, 255, 255];
    for (const one of line) {
      const [r, g, b, a] = rgba(getComputedStyle(one).backgroundColor);
      colour = over([r, g, b], a, colour);
    }
    // In a picture, shapes drawn before the words lie behind them.
    const svg = element.closest("svg");
    if (svg) {
      const box = element.getBoundingClientRect();
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      for (const shape of svg.querySelectorAll("rect")) {
        if (!(shape.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
        const area = shape.getBoundingClientRect();
        if (x < area.left || x > area.right || y < area.top || y > area.bottom) continue;
        const look = getComputedStyle(shape);
        if (look.fill === "none" || look.fill.startsWith("url")) continue;
        const [r, g, b, a] = rgba(look.fill);
        colour = over([r, g, b], a * Number(look.fillOpacity) * Number(look.opacity), colour);
      }
    }
    return colour;
  };
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const name = (element) => {
    const text = element.getAttribute("aria-label") || element.textContent.trim().replace(/\s+/g, " ");
    return `${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""} ${text.slice(0, 40)}`;
  };
  const REACHABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
  const reachable = () => [...document.querySelectorAll(REACHABLE)].filter((one) =>
    !one.disabled && one.tabIndex >= 0 && seen(one) && !(one.type === "radio" && one !== group(one)));
  // Of the radio buttons of one name, Tab visits the chosen one.
  const group = (one) => {
    const all = [...document.getElementsByName(one.name)];
    return all.find((other) => other.checked) ?? all[0];
  };
  const look = (element) => {
    const style = getComputedStyle(element);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 && rgba(style.outlineColor)[3] > 0.2;
    return { ring: ring ? `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}` : "none", shadow: style.boxShadow };
  };

  // What a figure is called: by its caption, or by what a screen reader reads.
  const titled = (figure) => {
    const heading = figure.querySelector("figcaption h3, h3, figcaption");
    if (heading) return heading.textContent.trim();
    const label = figure.matches("[aria-label], [aria-labelledby]") ? figure : figure.querySelector("[aria-label], [aria-labelledby]");
    return label?.getAttribute("aria-label") ?? document.getElementById(label?.getAttribute("aria-labelledby"))?.textContent.trim() ?? "";
  };

  return {
    // Words that are hard to read: less contrast than 4.5 (3 for large letters), as a line each.
    faint: () => {
      const found = new Set();
      let read = 0;
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !element || ["SCRIPT", "STYLE", "TITLE", "OPTION"].includes(element.tagName)) continue;
        // What cannot be pressed now need not stand out (WCAG 2.2, 1.4.3).
        if (!seen(element) || element.closest(":disabled")) continue;
        const box = element.getBoundingClientRect();
        if (box.width < 2 || box.height < 2) continue;
        read += 1;
        const style = getComputedStyle(element);
        const back = ground(element);
        const svg = element instanceof SVGElement;
        const [r, g, b, a] = rgba(svg ? style.fill : style.color);
        let share = a * (svg ? Number(style.fillOpacity) : 1);
        for (let one = element; one; one = one.parentElement) share *= Number(getComputedStyle(one).opacity);
        const ratio = contrast(over([r, g, b], share, back), back);
        const size = parseFloat(style.fontSize);
        const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
        if (ratio < wanted) found.add(`${ratio.toFixed(2)} ${name(element)} (${element.className?.baseVal ?? element.className})`);
      }
      return { read, faint: [...found] };
    },
    // How bright the page's ground is, 0 to 1.
    ground: () => luminance(ground(document.body)),
    // Chart boxes: the title, and in how many colours its canvas or how many shapes its picture has.
    charts: () => [...document.querySelectorAll("figure")].filter(seen).map((figure) => {
      const title = titled(figure);
      const canvas = [...figure.querySelectorAll("canvas")].find((one) => seen(one) && one.width && one.height);
      if (canvas) {
        // By way of a canvas of the tests': looking often at the page's own would be complained of.
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const pixels = new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
        return { title, drawn: new Set(pixels).size, by: "canvas" };
      }
      const svg = [...figure.querySelectorAll("svg")].find(seen);
      const shapes = svg ? [...svg.querySelectorAll("path, polyline, rect, circle, line")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width + box.height > 0;
      }) : [];
      return { title, drawn: shapes.length, by: "svg" };
    }),
    // What Tab has to reach, each marked with its place; how many there are.
    mark: () => {
      const all = reachable();
      all.forEach((one, place) => one.setAttribute("data-place", String(place)));
      window.looksBefore = all.map(look);
      return all.map(name);
    },
    // Where the focus is: its place (-1: none, -2: something that Tab reaches beyond those), and whether it shows.
    focus: () => {
      const one = document.activeElement;
      if (!one || one === document.body || one === document.documentElement) return { place: -1, shown: true, name: "" };
      const place = one.dataset.place === undefined ? -2 : Number(one.dataset.place);
      const now = look(one);
      const before = place >= 0 ? window.looksBefore[place] : { ring: "none", shadow: "none" };
      const box = one.getBoundingClientRect();
      const inside = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
      const shown = inside && ((now.ring !== "none" && now.ring !== before.ring) || now.shadow !== before.shadow);
      return { place, shown, name: name(one), scrolls: one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight };
    },
    // How far the page itself can be scrolled sideways, in pixels, and who hides that it could.
    sideways: () => {
      const root = document.scrollingElement;
      const hidden = [document.documentElement, document.body].some((one) => ["hidden", "clip"].includes(getComputedStyle(one).overflowX));
      return hidden ? 9999 : root.scrollWidth - root.clientWidth;
    },
    // Names of the boxes that scroll sideways by themselves.
    regions: () => [...document.querySelectorAll("[role=region]")].map((one) => one.getAttribute("aria-label")),
    // Takes the focus back to the top of the page, so that Tab begins there.
    begin: () => {
      scrollTo(0, 0);
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute("tabindex");
    },
    // Walks down the page and back, because charts are made when they come near; `walked` when done.
    walk: () => {
      window.walked = false;
      const frame = () => new Promise(requestAnimationFrame);
      (async () => {
        for (let at = 0; at < document.scrollingElement.scrollHeight; at += innerHeight / 2) {
          scrollTo(0, at);
          await frame();
          await frame();
        }
        scrollTo(0, 0);
        await frame();
        window.walked = true;
      })();
      return null;
    },
    // Opens every fold.
    unfold: () => document.querySelectorAll("details").forEach((one) => { one.open = true; }),
  };
})()
