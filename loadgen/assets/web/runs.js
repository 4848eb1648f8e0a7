// The list of past runs, its filters, and the way to a comparison.
const byId = (id) => document.getElementById(id);
const TONES = { PASSED: "good", IMPROVED: "good", MEASURED: "", NO_CHANGE: "", FAILED: "bad", REGRESSED: "bad", VIOLATED: "bad" };
const tone = (word) => TONES[word] ?? "warn";
const label = (word) => word.replace("_", " ");
const lasted = (seconds) => {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};
class Runs {
  constructor() {
    this.all = [];
    this.chosen = new Set();
    for (const id of ["find", "by-kind", "by-verdict"]) byId(id).addEventListener("input", () => this.show());
    byId("compare").addEventListener("click", () => { location.href = `/compare?runs=${[...this.chosen].join(",")}`; });
  }
  async load() {
    try {
      const answer = await fetch("/api/runs"), text = await answer.text();
      // The same list again would take the focus away from what is in it.
      if (!answer.ok || text === this.text) return;
      this.all = JSON.parse(text);
      this.text = text;
    } catch { return; }
    for (const folder of this.chosen) if (!this.all.some((run) => run.folder === folder)) this.chosen.delete(folder);
    this.offer("by-kind", this.all.map((run) => run.kind));
    this.offer("by-verdict", this.all.map((run) => run.verdict));
    this.show();
  }
  offer(id, words) {
    const select = byId(id), now = select.value;
    select.replaceChildren(new Option("all", ""), ...[...new Set(words)].sort().map((word) => new Option(word, word)));
    select.value = [...select.options].some((one) => one.value === now) ? now : "";
  }
  show() {
    const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = byId("by-kind").value, verdict = byId("by-verdict").value;
    const found = this.all.filter((run) => (!kind || run.kind === kind) && (!verdict || run.verdict === verdict)
      && words.every((word) => `${run.name} ${run.question} ${run.started_at} ${run.folder}`.toLowerCase().includes(word)));
    byId("count").textContent = this.all.length ? `${found.length} of ${this.all.length}` : "";
    byId("runs").replaceChildren(...found.map((run) => this.row(run)));
    const none = byId("none");
    none.hidden = found.length > 0;
    none.textContent = this.all.length ? "No run is like that." : "No run yet. Each is shown as soon as it has ended.";
    this.count();
  }
  row(run) {
    const row = element("tr"), pick = element("td"), what = element("td", undefined, "what");
    if (run.comparable) {
      const box = element("input");
      box.type = "checkbox";
      box.checked = this.chosen.has(run.folder);
      box.setAttribute("aria-label", `compare ${run.name} of ${run.started_at}`);
      box.addEventListener("change", () => { box.checked ? this.chosen.add(run.folder) : this.chosen.delete(run.folder); this.count(); });
      pick.append(box);
    }
    what.append(this.link(run, run.report, run.name), element("span", run.question), element("span", run.headline, "headline"));
    const word = element("td");
    word.append(element("span", label(run.verdict), `pill ${tone(run.verdict)}`));
    const shape = element("td");
    if (run.spark.length > 1) {
      shape.append(sparkline(run.spark));
      shape.title = run.kind === "experiment" ? "ratio after / before, block by block" : "p95 over time";
    }
    const errors = run.errors === null ? "–" : run.errors === 0 ? "0" : run.errors < 0.001 ? "<0.1 %" : `${(run.errors * 100).toFixed(1)} %`;
    const files = element("td");
    if (run.comparable) files.append(this.link(run, "report.md", "md"));
    files.append(this.link(run, run.figures, "json"));
    row.append(pick, element("td", run.started_at.slice(0, 16).replace("T", " ")), what, element("td", run.kind), word, element("td", run.rate_per_s === null ? "–" : `${figure(run.rate_per_s)}/s`, "r"),
      element("td", percentile(run.p95_ms), "r"), element("td", errors, run.errors ? "r bad" : "r"), shape, element("td", lasted(run.took_s), "r"), files);
    return row;
  }
  link(run, file, text) {
    const link = element("a", text);
    link.href = `/runs/${encodeURIComponent(run.folder)}/${file}`;
    return link;
  }
  count() {
    const button = byId("compare"), many = this.chosen.size;
    button.disabled = many < 2 || many > 6;
    button.textContent = many > 6 ? "Compare (six at most)" : many ? `Compare ${many}` : "Compare";
  }
}
