"use strict";
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
// Paper has no folds.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
