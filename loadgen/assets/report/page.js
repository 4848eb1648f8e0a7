(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("scripted");

  // Sorts a table by the column whose heading is pressed; a second press turns the order round.
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    heads.forEach((head, column) => head.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => {
        const cell = row.cells[column];
        const raw = cell.dataset.v ?? cell.textContent.replaceAll(",", "").replace("∞", "Infinity");
        const number = Number(raw);
        return raw.trim() === "" || Number.isNaN(number) ? raw : number;
      };
      const compare = (a, b) => typeof a === "number" && typeof b === "number" ? (a < b ? -1 : a > b ? 1 : 0) : String(a).localeCompare(String(b));
      const rows = [...table.tBodies[0].rows].map((row, place) => ({ row, place, key: key(row) }));
      rows.sort((a, b) => (down ? -1 : 1) * compare(a.key, b.key) || a.place - b.place);
      table.tBodies[0].append(...rows.map((one) => one.row));
    }));
  }

  // A box that scrolls sideways can be scrolled with the keyboard, too.
  const reachable = () => {
    const places = new Map();
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        // Regions need names of their own.
        const heading = box.closest("section")?.querySelector("h2")?.textContent ?? "Report";
        const place = (places.get(heading) ?? 0) + 1;
        places.set(heading, place);
        box.setAttribute("aria-label", `${heading}: table ${place}, wider than the page`);
      } else {
        box.removeAttribute("tabindex");
        box.removeAttribute("role");
        box.removeAttribute("aria-label");
      }
    }
  };
  reachable();
  addEventListener("resize", reachable);
  document.addEventListener("toggle", reachable, true);

  // Colours: those of the system, or one of the two for good.
  const button = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  const wear = (theme) => {
    if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
    button.textContent = `Colours: ${theme}`;
    document.dispatchEvent(new Event("colours"));
  };
  // A page opened from a file may have no store; then the choice holds until it is closed.
  const stored = (change) => { try { return change(localStorage); } catch { return null; } };
  const before = stored((store) => store.getItem("loadgen-colours"));
  if (themes.includes(before)) wear(before);
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme ?? "auto") + 1) % themes.length];
    wear(next);
    stored((store) => store.setItem("loadgen-colours", next));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("colours")));

  // Which part of the report is in view.
  const links = new Map([...document.querySelectorAll(".jump a")].map((link) => [link.hash.slice(1), link]));
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const link = links.get(target.id);
      if (!isIntersecting) {
        link.removeAttribute("aria-current");
        continue;
      }
      links.forEach((other) => other.removeAttribute("aria-current"));
      link.setAttribute("aria-current", "true");
      const list = link.closest("ul");
      const left = link.offsetLeft - list.offsetLeft;
      if (left < list.scrollLeft || left + link.offsetWidth > list.scrollLeft + list.clientWidth) list.scrollLeft = left - 20;
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  addEventListener("scroll", () => {
    if (scrollY < 100) document.querySelector(".jump ul").scrollLeft = 0;
  }, { passive: true });
  for (const id of links.keys()) {
    const section = document.getElementById(id);
    if (section) watcher.observe(section);
  }
})();
